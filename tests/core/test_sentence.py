"""A rule as a sentence: no option is left unsaid, and a long list is cut."""

from __future__ import annotations

from typing import Any

import pytest

from listener.core.gates.options import NONE, OPTIONS, parse, stored
from listener.core.gates.sentence import MOST_NAMED, sentence
from tests.core.test_conditions import EVERYTHING


def test_a_rule_that_asks_for_nothing_promotes_at_once() -> None:
    assert sentence(NONE) == "at once"


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_changes_the_sentence(option: str) -> None:
    without = {name: value for name, value in EVERYTHING.items() if name != option}

    assert sentence(parse(EVERYTHING)) != sentence(parse(without))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            {"soak": "1h", "windows": ["Mon-Fri 09:00-16:30 Europe/London"], "approvals": 1},
            "after 1h, Mon-Fri 09:00-16:30 Europe/London, 1 approval",
        ),
        ({"closed": ["Sat#3 Europe/London", "24 Dec"]}, "not Sat#3 Europe/London or 24 Dec UTC"),
        (
            {"approvals": 2, "approval_timeout": "2h", "self_approval": False},
            "2 approvals within 2h, never approved by its own author",
        ),
        ({"approval_timeout": "2h"}, "at once"),
        ({"brake": "2/24h"}, "after 2 that went wrong in 1d with a word or once that is over"),
        (
            {"verify": ["https://shop.example.com/healthz"], "on_failure": "rollback"},
            "verified by 1 URL for 5m, back by itself when unwell",
        ),
        ({"on_failure": "rollback"}, "at once"),
        (
            {"github_checks": True, "ignored_checks": ["lint"], "checks_timeout": "1h"},
            "all checks at GitHub but lint well within 1h",
        ),
        (
            {"required_checks": ["test", "build"], "checks_timeout": "1h"},
            "test and build well at GitHub within 1h",
        ),
        ({"parity": ["stack", "buildpacks"]}, "same stack and buildpacks"),
        (
            {"parity": ["stack", "config-names"]},
            "same stack, every config var of the source on the target",
        ),
        ({"parity": ["config-names"]}, "every config var of the source on the target"),
        ({"on_same_commit": "go"}, "new builds of what was rolled back go, too"),
    ],
)
def test_it_reads_as_people_say_it(said: dict[str, Any], expected: str) -> None:
    assert sentence(parse(said)) == expected


def test_of_a_long_list_the_rest_is_counted() -> None:
    named = [f"{name}@acme.com" for name in "abcdef"]

    assert sentence(parse({"authors": named})) == (
        f"only by {' or '.join(named[:MOST_NAMED])} or 3 more"
    )


def test_what_cannot_be_read_is_said() -> None:
    assert "this version cannot read" in sentence(stored({"soak": "for ages"}))
