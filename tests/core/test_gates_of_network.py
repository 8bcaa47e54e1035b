"""What is asked elsewhere, once nothing else stands in the way: how an app answers, what it has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from listener.core.finding import Unread
from listener.core.gates.base import Error, Pass, Reads, Verdict, Wait
from listener.core.gates.options import parse
from listener.core.gates.registry import ALWAYS, OF_RULES, asked
from listener.core.parity import Traits
from listener.core.verification import ProbeStreak
from tests.core.asking import BAD, CANDIDATE, GOOD, URL, minutes, said, streak

SOON = minutes(5 / 60)
APART = f"good answers in a row of {URL}, 5 s apart."


@pytest.mark.parametrize(
    ("seen", "now", "verdict"),
    [
        (None, 0, Wait(f"0 of 3 {APART}")),
        (ProbeStreak(), 0, Wait(f"0 of 3 {APART}")),
        (streak(GOOD), 0, Wait(f"1 of 3 {APART}", SOON)),
        (streak(GOOD, GOOD), 0, Wait(f"2 of 3 {APART}", SOON)),
        (streak(GOOD, GOOD), 1, Wait(f"2 of 3 {APART}")),
        (streak(GOOD, GOOD, every=3), 0, Wait(f"1 of 3 {APART}", SOON)),
        (
            streak(GOOD, GOOD, BAD),
            0,
            Wait(f"{URL} answered 503; 3 good answers in a row are needed.", SOON),
        ),
        (
            streak(BAD, BAD),
            0,
            Wait(f"{URL} answered 503; 3 good answers in a row are needed.", minutes(10 / 60)),
        ),
        (streak(BAD, GOOD), 0, Wait(f"1 of 3 {APART}", SOON)),
        (streak(*[GOOD] * 3), 0, Pass(f"{URL} answered well 3 times in a row.")),
        (streak(*[GOOD] * 4), 0, Pass(f"{URL} answered well 4 times in a row.")),
        (
            streak(*[GOOD] * 3),
            2.01 / 60,
            Wait(f"{URL} is asked once more, right before the release."),
        ),
    ],
)
def test_check(seen: ProbeStreak | None, now: float, verdict: Verdict) -> None:
    url = f"{URL}?key=secret"  # which sentences never show
    assert said("check", minutes(now), checks=[url], streak=seen) == verdict


BOTH = ["buildpacks", "config-names"]
PYTHON = ("heroku/python",)
NAMES = frozenset({"DATABASE_URL", "KEY"})
UNREAD = Unread("The names of the config vars of prod could not be read: no.", "heroku login")
NOT_WANTED = Unread("The rule does not ask for it.")


@pytest.mark.parametrize(
    ("wanted", "target", "verdict"),
    [
        (BOTH, None, Wait("Both apps are compared right before the release.")),
        (
            BOTH,
            (PYTHON, NAMES | {"MORE"}),
            Pass(
                "staging and prod build with heroku/python. prod has every config var of staging."
            ),
        ),
        (
            ["config-names"],
            (NOT_WANTED, frozenset({"DATABASE_URL"})),
            Wait(
                "prod lacks config vars of staging: KEY. Mend it: `heroku config:set KEY=… -a prod`"
            ),
        ),
        (
            BOTH,
            (("heroku/ruby",), UNREAD),
            Wait(
                "staging builds with heroku/python, prod with heroku/ruby."
                " Mend it: `heroku buildpacks:set heroku/python -a prod`"
            ),
        ),
        (BOTH, (PYTHON, UNREAD), Error(f"{UNREAD.message} Mend it: `heroku login`")),
        (["buildpacks"], (PYTHON, UNREAD), Pass("staging and prod build with heroku/python.")),
    ],
)
def test_parity(wanted: list[str], target: Any, verdict: Verdict) -> None:
    traits = None
    if target is not None:
        traits = (Traits(CANDIDATE.source, PYTHON, NAMES), Traits(CANDIDATE.target, *target))
    assert said("parity", parity=wanted, traits=traits) == verdict


def test_stack_and_generation_are_compared_by_a_gate_that_is_always_on() -> None:
    candidate = replace(CANDIDATE, conditions=parse({"parity": ["stack", "generation"]}))
    assert asked(candidate) == ALWAYS


def test_what_the_network_is_asked_stands_last() -> None:
    is_last = [gate.reads is not Reads.DATABASE for gate in OF_RULES]
    assert any(is_last)
    assert is_last == sorted(is_last)
