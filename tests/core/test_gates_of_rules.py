"""What each gate of a rule says: one candidate, and each row names what is asked and what is so."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.core.checks import Check, CommitChecks, Kind
from listener.core.gates.base import (
    Approval,
    Candidate,
    Error,
    Override,
    Pass,
    PastPromotion,
    Reject,
    Verdict,
    Wait,
    evaluate,
)
from listener.core.gates.options import parse
from listener.core.gates.registry import ALWAYS, OF_RULES, asked
from listener.core.promotion import Status
from tests.core.asking import BAD, BO, CANDIDATE, CY, GOOD, minutes, said, streak, yes
from tests.core.candidates import HOLDS, MINUTES, without_facts
from tests.core.releases import ANA, NOON


def past(*ended: float, status: Status = Status.SUCCEEDED, was_released: bool = True) -> Any:
    """Promotions that ended so many minutes after noon."""
    return tuple(
        PastPromotion(str(number), status, minutes(end), was_released)
        for number, end in enumerate(ended)
    )


SOAKED = Pass("staging v42 has soaked for 30m.")


@pytest.mark.parametrize(
    ("now", "change", "verdict"),
    [
        (0, {}, Wait("staging v42 soaks for 30m.", minutes(30))),
        (29.99, {}, Wait("staging v42 soaks for 30m.", minutes(30))),
        (30, {}, SOAKED),
        (0, {"soaks_from": minutes(-31)}, SOAKED),
        (0, {"soaks_from": None}, Error("Since when staging v42 runs is not known.")),
    ],
)
def test_soak(now: float, change: dict[str, Any], verdict: Verdict) -> None:
    assert said("soak", minutes(now), soak="30m", **change) == verdict


@pytest.mark.parametrize(
    ("windows", "verdict"),
    [
        (["daily 11:00-13:00 UTC"], Pass("The window daily 11:00-13:00 UTC is open.")),
        (
            ["daily 13:00-14:00 UTC", "daily 11:00-13:00 UTC"],
            Pass("The window daily 11:00-13:00 UTC is open."),
        ),
        (
            ["Mon-Fri 14:30-16:00 Europe/Berlin", "Tue 09:00-10:00 UTC"],
            Wait(
                "Outside the rule's windows; the next opens 2026-03-02 14:30 Europe/Berlin.",
                minutes(90),
            ),
        ),
    ],
)
def test_window(windows: list[str], verdict: Verdict) -> None:
    assert said("window", windows=windows) == verdict


AGO = Wait("Promotion 0 to prod was less than 2h ago.", minutes(60))


@pytest.mark.parametrize(
    ("ended", "verdict"),
    [
        (past(), Pass("Nothing was promoted to prod lately.")),
        (past(-60), AGO),
        (past(-60, -600), AGO),
        (past(-60, status=Status.ROLLED_BACK), AGO),
        (past(-120), Pass("The last promotion to prod was 2h ago or more.")),
        (past(-60, was_released=False), Pass("Nothing was promoted to prod lately.")),
    ],
)
def test_min_gap(ended: tuple[PastPromotion, ...], verdict: Verdict) -> None:
    assert said("min-gap", min_gap="2h", past=ended) == verdict


@pytest.mark.parametrize(
    ("ended", "verdict"),
    [
        (past(), Pass("0 of 2 promotions to prod within 24 hours.")),
        (past(-10), Pass("1 of 2 promotions to prod within 24 hours.")),
        (past(-10, -1440), Pass("1 of 2 promotions to prod within 24 hours.")),
        (
            past(-10, -600),
            Wait("prod had 2 promotions within 24 hours; 2 are the most.", minutes(840)),
        ),
        (
            past(-10, -600, -700),
            Wait("prod had 3 promotions within 24 hours; 2 are the most.", minutes(840)),
        ),
        (past(-10, -600, was_released=False), Pass("0 of 2 promotions to prod within 24 hours.")),
    ],
)
def test_max_per_day(ended: tuple[PastPromotion, ...], verdict: Verdict) -> None:
    assert said("max-per-day", max_per_day=2, past=ended) == verdict


def test_there_is_room_for_one_more_exactly_when_the_wait_ends() -> None:
    ended = past(-10, -600, -700)
    wait = said("max-per-day", max_per_day=2, past=ended)
    assert isinstance(wait, Wait)
    assert wait.until is not None
    assert isinstance(said("max-per-day", wait.until, max_per_day=2, past=ended), Pass)
    earlier = wait.until - timedelta(seconds=1)
    assert isinstance(said("max-per-day", earlier, max_per_day=2, past=ended), Wait)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"authors": ["*@example.com"]}, Pass("The author of staging v42 is as wanted.")),
        (
            {"authors": ["*@acme.com", "bo@*"]},
            Reject("The author of staging v42 matches none of *@acme.com, bo@*."),
        ),
        (
            {"not_authors": ["ana@*"]},
            Reject("The author of staging v42 matches ana@*, which does not go."),
        ),
        (
            {"authors": ["*"], "not_authors": ["ana@*"]},
            Reject("The author of staging v42 matches ana@*, which does not go."),
        ),
        (
            {"authors": ["*"], "author": None},
            Reject(
                "Heroku tells no author of staging v42, so whether it fits cannot be told.",
            ),
        ),
    ],
)
def test_author(change: dict[str, Any], verdict: Verdict) -> None:
    assert said("author", **change) == verdict


@pytest.mark.parametrize(
    ("gate", "change", "verdict"),
    [
        ("description", {"descriptions": ["/^$/"]}, Pass),  # READY's release has none
        ("description", {"descriptions": ["Deploy *"]}, Reject),
        ("description", {"not_descriptions": ["*WIP*"]}, Pass),
    ],
)
def test_words(gate: str, change: dict[str, Any], verdict: type[Verdict]) -> None:
    assert isinstance(said(gate, **change), verdict)


ASKED = "0 of 1 approvals for staging v42 to prod."


@pytest.mark.parametrize(
    ("now", "change", "verdict"),
    [
        (0, {}, Wait(ASKED, minutes(1440))),
        (1439.9, {}, Wait(ASKED, minutes(1440))),
        (1440, {}, Reject("It was not approved within 1d.")),
        (60, {"approval_timeout": "1h"}, Reject("It was not approved within 1h.")),
        (60, {"approval_timeout": "1h", "soak": "1h"}, Wait(ASKED, minutes(120))),
        (0, {"approvals": yes(BO)}, Pass(f"Approved by {BO}.")),
        (1441, {"approvals": yes(BO)}, Pass(f"Approved by {BO}.")),
        (1441, {"approvals": (Approval(BO, minutes(1439.9)),)}, Pass(f"Approved by {BO}.")),
        (
            1441,
            {"approvals": (Approval(BO, minutes(1440)),)},
            Reject("It was not approved within 1d."),
        ),
        (
            0,
            {"approvals": yes(BO), "self_approval": False, "author": None},
            Reject("Nobody knows whose release staging v42 is, so who may approve it?"),
        ),
        (0, {"approvals": yes(BO), "author": None}, Pass(f"Approved by {BO}.")),
        (0, {"approvals": yes(ANA)}, Pass(f"Approved by {ANA}.")),
        (0, {"approvals": yes(ANA), "self_approval": False}, Wait(ASKED, minutes(1440))),
        (
            0,
            {"approvals": yes(ANA), "self_approval": False, "author": "ANA@example.com"},
            Wait(ASKED, minutes(1440)),
        ),
        (0, {"approvals": yes(ANA, BO), "self_approval": False}, Pass(f"Approved by {BO}.")),
        (
            0,
            {"approvals": (*yes(BO), Approval(CY, NOON, is_approved=False, reason="not today"))},
            Reject(f"{CY} rejected it: not today."),
        ),
        (
            0,
            {"approvals": (Approval(CY, NOON, is_approved=False),)},
            Reject(f"{CY} rejected it."),
        ),
    ],
)
def test_approvals(now: float, change: dict[str, Any], verdict: Verdict) -> None:
    given = change.pop("approvals", ())
    conditions = {name: change.pop(name) for name in list(change) if not hasattr(CANDIDATE, name)}
    candidate = replace(
        CANDIDATE, conditions=parse({"approvals": 1, **conditions}), approvals=given, **change
    )
    verdicts = evaluate(candidate, minutes(now), asked(candidate)).by_name
    assert without_facts(verdicts["approvals"]) == verdict


def test_two_approvals_are_two_peoples() -> None:
    twice = replace(CANDIDATE, conditions=parse({"approvals": 2}), approvals=yes(BO, BO.title()))
    assert isinstance(evaluate(twice, NOON, asked(twice)).by_name["approvals"], Wait)
    both = replace(twice, approvals=yes(BO, CY))
    verdict = evaluate(both, NOON, asked(both)).by_name["approvals"]
    assert verdict.message == f"Approved by {BO} and {CY}."


BRAKED = (
    "2 promotions to prod failed or were rolled back within 1d: a person must approve this one."
)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, Pass("0 promotions to prod went wrong lately.")),
        ({"past": past(-10, -20)}, Pass("0 promotions to prod went wrong lately.")),
        (
            {"past": past(-10, status=Status.FAILED)},
            Pass("1 promotions to prod went wrong lately."),
        ),
        ({"past": past(-10, -20, status=Status.FAILED)}, Wait(BRAKED, minutes(1420))),
        ({"past": past(-10, -20, status=Status.ROLLED_BACK)}, Wait(BRAKED, minutes(1420))),
        (
            {"past": past(-10, -1440, status=Status.FAILED)},
            Pass("1 promotions to prod went wrong lately."),
        ),
        (
            {"past": past(-10, -20, status=Status.FAILED), "approvals": yes(BO)},
            Pass(f"Approved by {BO} although some went wrong."),
        ),
        (
            {
                "past": past(-10, -20, status=Status.FAILED),
                "approvals": (Approval(BO, NOON, is_approved=False),),
            },
            Reject(f"{BO} rejected it."),
        ),
    ],
)
def test_brake(change: dict[str, Any], verdict: Verdict) -> None:
    candidate = replace(CANDIDATE, conditions=parse({"brake": "2/24h"}), **change)
    verdicts = evaluate(candidate, NOON, asked(candidate)).by_name
    assert without_facts(verdicts["brake"]) == verdict


# Which are asked.


def test_a_rule_without_conditions_has_the_gates_that_are_always_on() -> None:
    assert asked(CANDIDATE) == ALWAYS


ONE_OF_EACH: dict[str, dict[str, Any]] = {
    "author": {"authors": ["*"]},
    "commit-message": {"commit_messages": ["*"]},
    "commit-author": {"commit_authors": ["*"]},
    "description": {"descriptions": ["*"]},
    "soak": {"soak": "1m"},
    "window": {"windows": ["Sun 00:00-01:00 UTC"]},
    "closed": {"closed": ["daily 12:30-13:00 UTC"]},
    "min-gap": {"min_gap": "1m"},
    "max-per-day": {"max_per_day": 1},
    "brake": {"brake": "1/1h"},
    "approvals": {"approvals": 1},
    "github-checks": {"github_checks": True},
    "check": {"checks": ["https://staging.example.com/healthz"]},
    "parity": {"parity": ["buildpacks", "config-names"]},
}


def test_every_gate_of_a_rule_is_tried_here() -> None:
    assert list(ONE_OF_EACH) == [gate.name for gate in OF_RULES]


@pytest.mark.parametrize("gate", ONE_OF_EACH)
def test_what_a_rule_asks_for_is_asked(gate: str) -> None:
    candidate = replace(CANDIDATE, conditions=parse(ONE_OF_EACH[gate]))
    assert [each.name for each in asked(candidate)[len(ALWAYS) :]] == [gate]


@pytest.mark.parametrize("gate", [gate.name for gate in OF_RULES])
def test_a_person_may_set_a_gate_of_a_rule_aside(gate: str) -> None:
    override = Override(frozenset({gate}), ANA, "the site is down")
    candidate = replace(CANDIDATE, conditions=parse(ONE_OF_EACH[gate]), override=override)
    verdict = evaluate(candidate, NOON, asked(candidate)).by_name[gate]
    assert without_facts(verdict) == Pass(f"Set aside by {ANA}: the site is down")


def test_no_person_sets_aside_what_is_always_on() -> None:
    override = Override(frozenset(gate.name for gate in ALWAYS), ANA, "I want it")
    assert asked(replace(CANDIDATE, override=override)) == ALWAYS


# What holds whatever is asked.

CONDITIONS = st.lists(st.sampled_from(list(ONE_OF_EACH)), unique=True).map(
    lambda names: parse({key: v for name in names for key, v in ONE_OF_EACH[name].items()})
)
PASTS = st.lists(
    st.builds(
        PastPromotion,
        st.just("7"),
        st.sampled_from((Status.SUCCEEDED, Status.FAILED, Status.ROLLED_BACK)),
        MINUTES,
        st.booleans(),
    ),
    max_size=4,
).map(tuple)


CHECKS = st.builds(
    CommitChecks,
    st.just("1a5f89db"),
    found=st.lists(
        st.builds(
            Check,
            st.sampled_from(Kind),
            st.sampled_from(("test", "lint", "autopromote/ship/prod")),
            st.sampled_from(("success", "failure", "queued")),
        ),
        max_size=3,
    ).map(tuple),
    read_at=st.none() | MINUTES,
    untold=st.none() | st.just("GitHub answered 500."),
    failing_since=st.none() | MINUTES,
)
STREAKS = st.none() | st.lists(st.sampled_from((GOOD, BAD)), max_size=5).map(lambda s: streak(*s))


@st.composite
def with_conditions(draw: st.DrawFn) -> Candidate:
    """A ready candidate of a rule that asks for something."""
    return replace(
        CANDIDATE,
        conditions=draw(CONDITIONS),
        past=draw(PASTS),
        approvals=draw(st.sampled_from(((), yes(BO)))),
        soaks_from=draw(MINUTES),
        commit_checks=draw(st.none() | CHECKS),
        checks_since=draw(st.none() | MINUTES),
        streak=draw(STREAKS),
    )


@given(with_conditions(), MINUTES)
def test_a_timed_wait_ends_in_the_future(candidate: Candidate, now: datetime) -> None:
    for _, verdict in evaluate(candidate, now, asked(candidate)).verdicts:
        if isinstance(verdict, Wait) and verdict.until is not None:
            assert verdict.until > now


@given(with_conditions(), MINUTES)
def test_waiting_out_every_timed_wait_ends(candidate: Candidate, now: datetime) -> None:
    for _ in range(50):
        match evaluate(candidate, now, asked(candidate)).objection:
            case Wait(until=datetime() as until):
                now = until
            case _:
                return
    raise AssertionError("still waiting")


@given(with_conditions(), HOLDS, MINUTES)
def test_one_more_hold_makes_nothing_earlier(
    candidate: Candidate, more: Any, now: datetime
) -> None:
    held = replace(candidate, holds=(more,))
    before = evaluate(candidate, now, asked(candidate)).objection
    after = evaluate(held, now, asked(held)).objection
    if before is not None:
        assert after is not None


@given(with_conditions(), CONDITIONS, MINUTES)
def test_one_more_condition_makes_nothing_earlier(
    candidate: Candidate, more: Any, now: datetime
) -> None:
    both = replace(candidate, conditions=parse(more.as_json(), candidate.conditions))
    if evaluate(candidate, now, asked(candidate)).objection is not None:
        assert evaluate(both, now, asked(both)).objection is not None
