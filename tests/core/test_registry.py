"""What the rows of the gates say is how the gates are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given

from listener.core.gates.base import (
    Candidate,
    Error,
    Gate,
    Override,
    Pass,
    Reads,
    Wait,
    Waits,
    evaluate,
    needs_word,
)
from listener.core.gates.options import OPTIONS, stored
from listener.core.gates.registry import (
    ALWAYS,
    BY_COMMIT,
    OF_ROLLBACK,
    OF_RULES,
    asked,
    asked_again,
    goes_at_once,
)
from tests.core.candidates import MINUTES, READY, candidates
from tests.core.releases import NOON
from tests.core.test_gates_of_rules import with_conditions

ALL = (*ALWAYS, *BY_COMMIT, *OF_RULES)


def check_wait(gate: Gate, verdict: object) -> None:
    """Fail if a gate waits for something that its row does not name."""
    if not isinstance(verdict, Wait) or needs_word(verdict):
        return
    assert gate.waits is not Waits.NOTHING
    if gate.waits is Waits.TIME:
        assert verdict.until is not None


@given(candidates(), MINUTES)
def test_gates_that_are_always_on_wait_for_what_their_rows_say(
    candidate: Candidate, now: datetime
) -> None:
    for gate, verdict in evaluate(candidate, now, (*ALWAYS, *OF_ROLLBACK)).verdicts:
        check_wait(gate, verdict)


@given(with_conditions(), MINUTES)
def test_gates_of_rules_wait_for_what_their_rows_say(candidate: Candidate, now: datetime) -> None:
    for gate, verdict in evaluate(candidate, now, asked(candidate)).verdicts:
        check_wait(gate, verdict)


@given(with_conditions(), MINUTES)
def test_what_is_read_elsewhere_stops_the_candidate_until_it_is_read(
    candidate: Candidate, now: datetime
) -> None:
    unread = replace(candidate, commit_checks=None, streak=None, traits=None)
    for gate, verdict in evaluate(unread, now, asked(unread)).verdicts:
        if gate.reads is not Reads.DATABASE:
            assert isinstance(verdict, Wait)


def test_which_gates_people_answer() -> None:
    people = {gate.name for gate in ALL if Waits.PERSON in gate.waits}
    assert people == {"hold", "block", "commit-message", "commit-author", "brake", "approvals"}


def test_which_gates_give_a_time_by_themselves() -> None:
    timed = {gate.name for gate in ALL if Waits.TIME in gate.waits}
    assert timed == {"hold", "soak", "window", "closed", "min-gap", "max-per-day"}


def test_which_gates_wait_for_a_change_at_heroku_an_end_or_an_app() -> None:
    assert {gate.name for gate in ALL if Waits.HEROKU in gate.waits} == {"match", "parity"}
    assert {gate.name for gate in ALL if Waits.WORK in gate.waits} == {"source", "target"}
    assert {gate.name for gate in ALL if Waits.PROBE in gate.waits} == {"check"}
    assert {gate.name for gate in ALL if Waits.CHECKS in gate.waits} == {"github-checks"}


def test_of_which_gates_people_hear() -> None:
    assert {gate.name for gate in ALL if gate.is_blocking} == {
        "match",
        "order",
        "hold",
        "block",
        "parity",
    }
    filters = {gate.name for gate in ALL if gate.is_filter}
    assert filters == {"author", "description"}


def test_which_gates_history_cannot_answer() -> None:
    untold = {gate.name for gate in ALL if not gate.is_in_history}
    assert untold == {"brake", "approvals", "github-checks", "check", "parity"}


def test_a_name_stands_for_one_gate() -> None:
    assert len({gate.name for gate in ALL}) == len(ALL)


# Stored conditions that break a limit of today.

ELSEWHERE = {
    "verify",
    "verify_for",
    "on_failure",
    "on_same_commit",
    "repo",
    "deployment",
    "commit_status",
}


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_a_stored_condition_that_cannot_be_read_is_an_error_at_its_gate(name: str) -> None:
    conditions = stored({name: {"nobody": "wrote this"}})
    candidate = replace(READY, conditions=conditions)
    evaluation = evaluate(candidate, NOON, asked(candidate))
    assert isinstance(evaluation.objection, Error)
    assert evaluation.decided_by is not None
    assert (evaluation.decided_by.name == "rule") is (name in ELSEWHERE)
    assert name in evaluation.objection.message
    assert not goes_at_once(conditions)
    assert all(gate.name != evaluation.decided_by.name for gate in asked_again(candidate))


def test_a_gate_that_is_set_aside_reads_nothing() -> None:
    conditions = stored({"authors": 1, "verify": 1})
    override = Override(frozenset({"author"}), "ana@example.com", "it is urgent")
    candidate = replace(READY, conditions=conditions, override=override)
    said = evaluate(candidate, NOON, asked(candidate)).by_name
    assert (type(said["author"]), type(said["rule"])) == (Pass, Error)
