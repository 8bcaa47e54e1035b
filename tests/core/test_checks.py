"""Which checks of a commit count, and what they come to: a truth table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.core.checks import (
    ACTIONS,
    BAD,
    GOOD,
    LONGEST_NAME,
    Check,
    CommitChecks,
    Kind,
    Suite,
    Wanted,
    check_of,
    judge,
    latest,
    open_suites,
)
from listener.core.gates import registry
from listener.core.gates.base import Pass, Reject, Verdict, Wait, evaluate
from listener.core.gates.options import parse
from tests.core.asking import CANDIDATE, minutes, said, yes
from tests.core.releases import ANA, NOON

SHA = "1a5f89db0c2e4f6a8b1d3c5e7f9a0b2c4d6e8f01"
URL = "https://github.example.com/acme/shop/runs/1"


def run(name: str = "test", state: str = "success", **more: Any) -> Check:
    """A check run."""
    return Check(Kind.RUN, name, state, **{"app": "github-actions", **more})


def status(name: str = "ci/build", state: str = "success", **more: Any) -> Check:
    """A commit status."""
    return Check(Kind.STATUS, name, state, **more)


def checks(*found: Check, **more: Any) -> CommitChecks:
    """These were told just now."""
    return CommitChecks(SHA, **{"found": found, "read_at": NOON, "asked_at": NOON, **more})


ALL = {"github_checks": True}
ONE = {"required_checks": ["test"]}


@pytest.mark.parametrize(
    ("state", "is_good", "is_bad"),
    [
        ("success", True, False),
        ("neutral", True, False),
        ("skipped", True, False),
        ("queued", False, False),
        ("in_progress", False, False),
        ("pending", False, False),
        ("requested", False, False),
        ("waiting", False, False),
        ("completed", False, False),
        ("", False, False),
        ("SUCCESS", False, False),
        ("a word of next year", False, False),
        ("failure", False, True),
        ("error", False, True),
        ("cancelled", False, True),
        ("timed_out", False, True),
        ("action_required", False, True),
        ("stale", False, True),
        ("startup_failure", False, True),
    ],
)
def test_what_each_word_of_github_means(state: str, *, is_good: bool, is_bad: bool) -> None:
    for each in (run(state=state), status(state=state)):
        assert (each.is_good, each.is_bad) == (is_good, is_bad)
        assert judge([each], Wanted(all=True)).is_well is is_good


@pytest.mark.parametrize(
    ("asked", "found", "verdict"),
    [
        (ALL, (run(),), Pass("Check test of 1a5f89d is well.")),
        (ALL, (run(), status()), Pass("All 2 checks of 1a5f89d are well.")),
        (ALL, (run(state="skipped"), status()), Pass("All 2 checks of 1a5f89d are well.")),
        (ALL, (), Wait("No check of 1a5f89d is there yet.")),
        (ALL, (status("autopromote/ship/prod"),), Wait("No check of 1a5f89d is there yet.")),
        (
            ALL,
            (run(), status("autopromote/ship/prod", "pending")),
            Pass("Check test of 1a5f89d is well."),
        ),
        (
            ALL,
            (run("autopromote/ship", "failure"),),  # nobody but GitHub's apps makes check runs
            Wait("Check autopromote/ship of 1a5f89d failed."),
        ),
        (
            ALL,
            (run(state="queued"), status()),
            Wait("1 of 2 checks of 1a5f89d is not done: test."),
        ),
        (
            ALL,
            (run(state="failure", url=URL), status()),
            Wait(f"Check test of 1a5f89d failed ({URL})."),
        ),
        (
            ALL,
            (run(state="timed_out"), run("lint", "queued")),
            Wait(
                "Check test of 1a5f89d took too long. 1 of 2 checks of 1a5f89d is not done: lint."
            ),
        ),
        # A run and a status of one name are two.
        (ALL, (run(), status("test", "failure")), Wait("Check test of 1a5f89d failed.")),
        # So are the same name by two apps.
        (ALL, (run(), run(app="other", state="error")), Wait("Check test of 1a5f89d failed.")),
        # And by two workflows of one app.
        (
            ALL,
            (run(suite=1, state="failure"), run(suite=2)),
            Wait("Check test of 1a5f89d failed."),
        ),
        (
            ONE,
            (run(suite=2), run(suite=1, state="failure")),
            Wait("Check test of 1a5f89d failed."),
        ),
        (
            ALL,
            (run("", "queued"),),
            Wait("Check without a name of 1a5f89d is not done."),
        ),
        (
            ALL,
            tuple(run(f"test {n:03}", "queued") for n in range(500)),
            Wait(
                "500 of 500 checks of 1a5f89d are not done:"
                " test 000, test 001, test 002 and 497 more."
            ),
        ),
        (
            ALL,
            tuple(run(f"test {n}", "failure") for n in range(5)),
            Wait(
                "Check test 0 of 1a5f89d failed. Check test 1 of 1a5f89d failed."
                " Check test 2 of 1a5f89d failed. 2 more failed."
            ),
        ),
        # Only those that are required count, and they must be there.
        (ONE, (run(), run("lint", "failure")), Pass("Check test of 1a5f89d is well.")),
        (ONE, (run("lint"),), Wait("Not there yet for 1a5f89d: test.")),
        (ONE, (), Wait("Not there yet for 1a5f89d: test.")),
        (ONE, (run("Test"),), Wait("Not there yet for 1a5f89d: test.")),
        (ONE, (run(), status("test", "error")), Wait("Check test of 1a5f89d failed.")),
        # Both: all must be well, and those that are required must be there.
        (ALL | ONE, (run("lint"),), Wait("Not there yet for 1a5f89d: test.")),
        (ALL | ONE, (run(), run("lint", "failure")), Wait("Check lint of 1a5f89d failed.")),
        # What is ignored does not count, unless it is required.
        (
            ALL | {"ignored_checks": ["lint"]},
            (run(), run("lint", "failure")),
            Pass("Check test of 1a5f89d is well."),
        ),
        (
            ALL | {"ignored_checks": ["lint"]},
            (run("lint"),),
            Wait("No check of 1a5f89d is there yet."),
        ),
        (
            ALL | ONE | {"ignored_checks": ["test"]},
            (run(state="failure"),),
            Wait("Check test of 1a5f89d failed."),
        ),
    ],
)
def test_what_the_checks_of_a_commit_come_to(
    asked: dict[str, Any], found: tuple[Check, ...], verdict: Verdict
) -> None:
    if isinstance(verdict, Wait):
        verdict = Wait(verdict.message, minutes(24 * 60))
    assert said("github-checks", commit_checks=checks(*found), **asked) == verdict


def waits(**change: Any) -> Verdict:
    """What the gate says where every check is asked for."""
    return said("github-checks", **{"now": NOON, **ALL, **change})


AGAIN = Wait("The checks of 1a5f89d are asked for right before the release.")


@pytest.mark.parametrize(
    ("known", "now", "verdict"),
    [
        (None, NOON, Wait("The checks of this release are asked for right before the release.")),
        (CommitChecks(SHA), NOON, AGAIN),
        (checks(run()), NOON + timedelta(seconds=30), Pass("Check test of 1a5f89d is well.")),
        (checks(run()), NOON + timedelta(seconds=31), AGAIN),
        (checks(run(state="failure")), NOON + timedelta(days=2), AGAIN),
    ],
)
def test_only_what_was_told_lately_counts(
    known: CommitChecks | None, now: Any, verdict: Verdict
) -> None:
    assert waits(now=now, commit_checks=known) == verdict


@pytest.mark.parametrize(
    ("change", "until"),
    [
        ({}, minutes(60)),
        ({"checks_since": minutes(-20)}, minutes(40)),
        ({"checks_since": minutes(-90), "soaks_from": minutes(-50), "soak": "30m"}, minutes(40)),
    ],
)
def test_it_ends_some_time_after_it_began_to_wait_and_had_soaked(
    change: dict[str, Any], until: Any
) -> None:
    known = checks(run(state="failure"))
    asked = {"commit_checks": known, "checks_timeout": "1h", "soaks_from": None, **change}
    assert waits(**asked) == Wait("Check test of 1a5f89d failed.", until)


@pytest.mark.parametrize("state", ["failure", "queued"])
def test_it_is_rejected_once_that_time_is_over(state: str) -> None:
    known = checks(run(state=state))
    asked = {"checks_timeout": "1h", "checks_since": minutes(-60), "soaks_from": minutes(-90)}
    found = waits(commit_checks=known, **asked)
    assert isinstance(found, Reject)
    assert found.message.endswith("That lasted for 1h.")


UNTOLD = CommitChecks(SHA, untold="GitHub answered 404.", is_final=True, asked_at=NOON)
WORD = (
    "Nobody tells the checks of 1a5f89d: GitHub answered 404. It waits for a person's word,"
    " `autopromote promotions:approve`."
)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, Wait(WORD)),
        ({"checks_since": minutes(-1)}, Wait(WORD)),
        # A yes that was said before it waited for checks is about something else.
        ({"approvals": yes("bo@example.com")}, Wait(WORD)),
        ({"approvals": yes("bo@example.com"), "checks_since": minutes(1)}, Wait(WORD)),
        (
            {"approvals": yes("bo@example.com"), "checks_since": minutes(-1)},
            Pass(
                "Nobody tells the checks of 1a5f89d: GitHub answered 404."
                " Approved by bo@example.com."
            ),
        ),
        (
            {"approvals": yes(ANA), "checks_since": minutes(-1), "self_approval": False},
            Wait(WORD),
        ),
    ],
)
def test_what_nobody_tells_waits_for_a_word(change: dict[str, Any], verdict: Verdict) -> None:
    assert waits(commit_checks=UNTOLD, **change) == verdict


def test_a_word_that_comes_late_takes_no_approval_away() -> None:
    """Who approved in time, and says yes to untold checks later, has said both."""
    asked: dict[str, Any] = {**ALL, "approvals": 1, "approval_timeout": "1h"}
    late = tuple(replace(each, at=minutes(90)) for each in yes("bo@example.com"))
    facts: dict[str, Any] = {"commit_checks": UNTOLD, "checks_since": minutes(30)}
    candidate = replace(CANDIDATE, conditions=parse(asked), approvals=late, **facts)
    evaluation = evaluate(candidate, minutes(91), registry.asked(candidate))
    for gate in ("approvals", "github-checks"):
        assert isinstance(evaluation.by_name[gate], Pass)


def test_a_word_says_nothing_of_what_github_told_since() -> None:
    known = CommitChecks(SHA, untold="GitHub answered 500.", read_at=NOON + timedelta(seconds=1))
    asked = {"approvals": yes("bo@example.com"), "checks_since": minutes(-1)}
    found = waits(commit_checks=known, now=minutes(5), **asked)
    assert isinstance(found, Wait)


def test_whoever_is_asked_hears_what_had_failed_before_github_was_silent() -> None:
    before = checks(run(state="failure"), run("lint"))
    known = replace(before, untold="GitHub answered 403.", is_final=True, read_at=NOON)
    found = waits(commit_checks=known, now=minutes(5))
    assert isinstance(found, Wait)
    said = "GitHub answered 403. At 2026-03-02 12:00 UTC it told: Check test of 1a5f89d failed."
    assert said in found.message


def test_nobody_is_asked_about_what_github_may_get_over_soon() -> None:
    known = CommitChecks(SHA, untold="GitHub answered 500.", failing_since=NOON)
    message = WORD.replace("404", "500")
    assert waits(commit_checks=known) == Wait(message, minutes(10))
    assert waits(commit_checks=known, now=minutes(10)) == Wait(message)


def suite(status: str = "queued", conclusion: str | None = None, **change: Any) -> Suite:
    """A suite of GitHub Actions, with a run, made just now."""
    asked = {"id": 1, "app": ACTIONS, "app_name": "GitHub Actions", "runs": 1, "created_at": NOON}
    return Suite(status=status, conclusion=conclusion, **{**asked, **change})


MORE = Check(Kind.SUITE, "GitHub Actions", "queued", app=ACTIONS, suite=1)
BROKEN = replace(MORE, state="startup_failure")
AN_APP: dict[str, Any] = {"app": "bot", "app_name": "GitHub Actions", "runs": 0}


@pytest.mark.parametrize(
    ("found", "runs", "after", "said"),
    [
        (suite("completed", "success"), [run(suite=1)], 0, []),
        (suite(), [run(suite=1)], 0, [MORE]),
        (suite(), [run(suite=1)], 10**6, [MORE]),
        # A run that goes on says more, whether it is ignored or not.
        (suite(), [run(suite=1), run("lint", "queued", suite=1)], 0, []),
        (suite(), [run(suite=1), run("lint", "queued", suite=2)], 0, [MORE]),
        # What is red is no reason not to wait for the others.
        (suite(), [run(state="failure", suite=1)], 0, [MORE]),
        # Without a run it is waited for a while.
        (suite(runs=0), [], 10**6, [MORE]),  # it may stand in a line for long
        (suite(runs=0, created_at=None), [], 10**6, [MORE]),
        (suite(**AN_APP), [], 119, [replace(MORE, app="bot")]),
        (suite(**AN_APP), [], 120, []),
        (suite("a word of next year", runs=0), [], 0, [replace(MORE, state="a word of next year")]),
        # What GitHub could not begin is red; what was skipped is not.
        (suite("completed", "startup_failure", runs=0), [], 10**6, [BROKEN]),
        (suite("completed", "failure", runs=0), [], 0, [replace(MORE, state="failure")]),
        (suite("completed", "failure"), [run(suite=1)], 0, []),
        (suite("completed", "skipped", runs=0), [], 0, []),
        # Cancelled while it stood in its concurrency group: nothing was checked.
        (suite("completed", "cancelled", runs=0), [], 0, [replace(MORE, state="cancelled")]),
        (suite("completed", "a new word", runs=0), [], 0, [replace(MORE, state="a new word")]),
        (suite("completed", "cancelled", **AN_APP), [], 10**6, []),
        # Its runs came after the suites were read.
        (suite("completed", "success", id=7), [run(suite=7), run(suite=None)], 0, []),
        (
            suite("completed", "success", id=7),
            [run(suite=1)],
            0,
            [replace(MORE, name=ACTIONS)],
        ),
    ],
)
def test_of_which_suites_more_comes(
    found: Suite, runs: list[Check], after: float, said: list[Check]
) -> None:
    now = NOON + timedelta(seconds=after)
    assert list(open_suites([found], runs, now)) == said


@pytest.mark.parametrize(
    ("asked", "found", "verdict"),
    [
        (
            ALL,
            (run(), MORE, replace(MORE, suite=2)),
            Wait("2 of 3 checks of 1a5f89d are not done: GitHub Actions (not all begun)."),
        ),
        (
            ALL,
            (run(), BROKEN),
            Wait("Check GitHub Actions (never began) of 1a5f89d could not start."),
        ),
        (ALL, (MORE,), Wait("Check GitHub Actions (not all begun) of 1a5f89d is not done.")),
        (
            ALL | {"ignored_checks": ["GitHub Actions"]},
            (run(), MORE),
            Pass("Check test of 1a5f89d is well."),
        ),
        (ONE, (run(), MORE), Pass("Check test of 1a5f89d is well.")),
        (
            {"required_checks": ["GitHub Actions"]},
            (MORE,),
            Wait("Not there yet for 1a5f89d: GitHub Actions."),
        ),
    ],
)
def test_a_suite_that_is_not_done_counts_where_all_checks_do(
    asked: dict[str, Any], found: tuple[Check, ...], verdict: Verdict
) -> None:
    if isinstance(verdict, Wait):
        verdict = Wait(verdict.message, minutes(24 * 60))
    assert said("github-checks", commit_checks=checks(*found), **asked) == verdict


STATES = st.sampled_from([*sorted(GOOD), *sorted(BAD), "queued", "in_progress", "odd"])
CHECKS = st.lists(
    st.builds(
        Check,
        st.sampled_from(Kind),
        st.sampled_from(("test", "lint", "")),
        STATES,
        st.none(),
        st.sampled_from((None, "github-actions", "other")),
        st.none() | st.integers(0, 5).map(minutes),
        st.sampled_from((None, 1, 2)),
    ),
    max_size=8,
)


@given(CHECKS, CHECKS)
def test_one_more_check_makes_nothing_well_that_is_not(found: Any, more: Any) -> None:
    wanted = Wanted(all=True)
    if (before := judge(found, wanted)).good and not before.is_well:
        assert not judge([*found, *more], wanted).is_well


@given(CHECKS)
def test_of_each_check_the_newest_counts(found: list[Check]) -> None:
    kept = latest(found)
    assert len({_place(each) for each in kept}) == len(kept)
    for each in kept:
        same = [other for other in found if _place(other) == _place(each)]
        moments = [c.started_at for c in same if c.started_at is not None]
        assert each.started_at is None or each.started_at == max(moments)
        assert each.started_at is None or len(moments) == len(same)


def test_names_that_may_have_been_cut_are_not_taken_for_the_same() -> None:
    long = "x" * LONGEST_NAME
    kept = latest([run(long, "failure"), run(long), run("test", "failure"), run()])
    assert [each.state for each in kept] == ["success", "failure", "success"]


def _place(check: Check) -> tuple[Kind, str, int | None, str]:
    return check.kind, check.app or "", check.suite, check.name


@given(CHECKS)
def test_a_check_survives_writing_and_reading(found: list[Check]) -> None:
    assert [check_of(each.as_json()) for each in found] == found
