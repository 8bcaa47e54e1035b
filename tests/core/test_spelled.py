"""Each condition as a sentence: none is left unsaid, and each as the command line reads it."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from listener.core.gates.options import OPTIONS, parse
from listener.core.gates.registry import BY_COMMIT, OF_RULES
from listener.core.gates.spelled import BEFORE, Said, When, spelled, typed
from tests.core.test_conditions import EVERYTHING


def all_of(said: dict[str, Any]) -> list[Said]:
    return [each for when in When for each in spelled(said, when)]


def test_a_rule_that_asks_for_nothing_says_nothing() -> None:
    assert all_of({}) == []


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_is_said_once_and_as_it_is_typed(option: str) -> None:
    value = parse({option: EVERYTHING[option]}).as_json()[option]

    (alone,) = all_of({option: value})

    assert alone.flags == (typed(option, value),)
    assert alone.text[-1] == "."
    flags = [flag for each in all_of(EVERYTHING) for flag in each.flags]
    assert flags.count(typed(option, value)) == 1


def test_what_is_asked_before_has_the_names_of_its_gates() -> None:
    names = [each.name for each in spelled(EVERYTHING, BEFORE)]

    gates = {gate.name for gate in OF_RULES} | {BY_COMMIT[1].name}
    assert set(names) == gates | {"self-approval"}  # it matters to the brake as well


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"soak": "1h"}, "It has run on the source for 1h."),
        (
            {"authors": ["*@acme.com"], "not_authors": ["bot", "ci"]},
            "Whoever made the release matches *@acme.com, and does not match bot or ci.",
        ),
        ({"not_authors": ["bot"]}, "Whoever made the release does not match bot."),
        ({"approvals": 2}, "2 people approve it within 1d, for each target."),
        (
            {"github_checks": True, "ignored_checks": ["lint"]},
            "At GitHub every check of its commit but lint is well within 1d.",
        ),
        (
            {"required_checks": ["test", "build"], "checks_timeout": "2h"},
            "At GitHub test and build are there and well within 2h.",
        ),
        (
            {"verify": ["https://a.example.com"]},
            "https://a.example.com answers well for 5m; else the target goes on hold.",
        ),
        (
            {"checks": ["https://a.example.com", "https://b.example.com"]},
            "https://a.example.com and https://b.example.com answer well right before the release.",
        ),
        (
            {"brake": "2/24h"},
            "After 2 that went wrong within 24h it waits for a person, or until that is over.",
        ),
        ({"self_approval": False}, "Whoever made the release does not count as approving it."),
        ({"parity": ["stack", "buildpacks"]}, "Both apps have the same stack and buildpacks."),
        (
            {"parity": ["stack", "config-names"]},
            "Both apps have the same stack, and the target has every config var of the source.",
        ),
        ({"parity": ["config-names"]}, "The target has every config var of the source."),
        ({"on_failure": "rollback"}, "Nothing is looked at afterwards: --verify is not set."),
    ],
)
def test_it_reads_as_people_say_it(said: dict[str, Any], expected: str) -> None:
    assert [each.text for each in all_of(said)] == [expected]


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("windows", ["Mon 09:00-10:00 UTC", "it's"], ["--window", "Mon 09:00-10:00 UTC"]),
        ("parity", ["stack", "buildpacks"], ["--parity", "stack,buildpacks"]),
        ("self_approval", False, ["--no-self-approval"]),
        ("github_checks", True, ["--checks"]),
        ("approvals", 2, ["--approvals", "2"]),
    ],
)
def test_a_shell_reads_what_is_typed(option: str, value: Any, expected: list[str]) -> None:
    assert shlex.split(typed(option, value))[: len(expected)] == expected
