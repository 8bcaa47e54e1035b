"""Which gates there are, what each is like, and which of them a candidate must pass.

A gate's place in the list is its precedence. What can never change comes first, and what must be
read elsewhere comes last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from listener.core.gates import always, commits, external, github, review, schedule
from listener.core.gates.base import (
    Candidate,
    Error,
    Gate,
    Override,
    Pass,
    Reads,
    Verdict,
    Waits,
)
from listener.core.gates.options import Conditions, OnSameCommit

Gates = tuple[Gate, ...]


def _always(_: Conditions) -> object:
    return True


def _authors(conditions: Conditions) -> object:
    return conditions.authors or conditions.not_authors


def _messages(conditions: Conditions) -> object:
    return conditions.commit_messages or conditions.not_commit_messages


def _commit_authors(conditions: Conditions) -> object:
    return conditions.commit_authors or conditions.not_commit_authors


def _holds_the_same(conditions: Conditions) -> object:
    return conditions.on_same_commit is OnSameCommit.HOLD


def _descriptions(conditions: Conditions) -> object:
    return conditions.descriptions or conditions.not_descriptions


NOTHING, WORK, HEROKU = Waits.NOTHING, Waits.WORK, Waits.HEROKU
TIME, PERSON, PROBE, CI = Waits.TIME, Waits.PERSON, Waits.PROBE, Waits.CHECKS
DATABASE, CHECKS, PROBES, TRAITS = Reads.DATABASE, Reads.CHECKS, Reads.PROBES, Reads.TRAITS
YES, NO = True, False

# Each: name, check, when a rule asks for it, what it waits for, where its facts come from; whether
# people are told that it waits, whether it filters, whether a back-test can answer it.
SOURCE = Gate("source", always.source, _always, WORK, DATABASE, NO, NO, YES)
MATCH = Gate("match", always.match, _always, HEROKU, DATABASE, YES, NO, YES)
ORDER = Gate("order", always.order, _always, NOTHING, DATABASE, YES, NO, YES)
TARGET = Gate("target", always.target, _always, WORK, DATABASE, NO, NO, YES)
HOLD = Gate("hold", always.hold, _always, PERSON | TIME, DATABASE, YES, NO, YES)
BLOCK = Gate("block", commits.block, _always, PERSON, DATABASE, YES, NO, YES)
SAME_COMMIT = Gate(
    "same-commit", commits.same_commit, _holds_the_same, NOTHING, DATABASE, NO, NO, YES
)
AUTHOR = Gate("author", review.author, _authors, NOTHING, DATABASE, NO, YES, YES)
COMMIT_MESSAGE = Gate(
    "commit-message", commits.commit_message, _messages, PERSON, DATABASE, NO, NO, YES
)
COMMIT_AUTHOR = Gate(
    "commit-author", commits.commit_author, _commit_authors, PERSON, DATABASE, NO, NO, YES
)
DESCRIPTION = Gate(
    "description", review.description, _descriptions, NOTHING, DATABASE, NO, YES, YES
)
SOAK = Gate("soak", schedule.soak, lambda c: c.soak, TIME, DATABASE, NO, NO, YES)
WINDOW = Gate("window", schedule.window, lambda c: c.windows, TIME, DATABASE, NO, NO, YES)
CLOSED = Gate("closed", schedule.closed, lambda c: c.closed, TIME, DATABASE, NO, NO, YES)
MIN_GAP = Gate("min-gap", schedule.min_gap, lambda c: c.min_gap, TIME, DATABASE, NO, NO, YES)
MAX_PER_DAY = Gate(
    "max-per-day", schedule.max_per_day, lambda c: c.max_per_day, TIME, DATABASE, NO, NO, YES
)
BRAKE = Gate("brake", review.brake, lambda c: c.brake, PERSON, DATABASE, NO, NO, NO)
APPROVALS = Gate("approvals", review.approvals, lambda c: c.approvals, PERSON, DATABASE, NO, NO, NO)
GITHUB_CHECKS = Gate("github-checks", github.checks, github.wanted, CI, CHECKS, NO, NO, NO)
CHECK = Gate("check", external.check, lambda c: c.checks, PROBE, PROBES, NO, NO, NO)
PARITY = Gate("parity", external.parity, external.compared, HEROKU, TRAITS, YES, NO, NO)

ALWAYS: Gates = (SOURCE, MATCH, ORDER, TARGET, HOLD)
# Always on, too, and asked where there is something to ask: a block, or what a rollback took off.
BY_COMMIT: Gates = (BLOCK, SAME_COMMIT)
RULE = "rule"
OF_RULES: Gates = (
    AUTHOR,
    COMMIT_MESSAGE,
    COMMIT_AUTHOR,
    DESCRIPTION,
    SOAK,
    WINDOW,
    CLOSED,
    MIN_GAP,
    MAX_PER_DAY,
    BRAKE,
    APPROVALS,
    GITHUB_CHECKS,
    CHECK,
    PARITY,
)
# Where a stored condition that cannot be read today is an error; any other is at gate `rule`.
_JUDGES = {
    "soak": SOAK,
    "windows": WINDOW,
    "closed": CLOSED,
    "min_gap": MIN_GAP,
    "max_per_day": MAX_PER_DAY,
    "authors": AUTHOR,
    "not_authors": AUTHOR,
    "commit_messages": COMMIT_MESSAGE,
    "not_commit_messages": COMMIT_MESSAGE,
    "commit_authors": COMMIT_AUTHOR,
    "not_commit_authors": COMMIT_AUTHOR,
    "descriptions": DESCRIPTION,
    "not_descriptions": DESCRIPTION,
    "approvals": APPROVALS,
    "approval_timeout": APPROVALS,
    "self_approval": APPROVALS,
    "brake": BRAKE,
    "checks": CHECK,
    "github_checks": GITHUB_CHECKS,
    "required_checks": GITHUB_CHECKS,
    "ignored_checks": GITHUB_CHECKS,
    "checks_timeout": GITHUB_CHECKS,
    "parity": PARITY,
}
OF_ROLLBACK: Gates = (MATCH, replace(TARGET, check=always.rollback_target))


def asked(candidate: Candidate) -> Gates:
    """Return the gates that a candidate must pass, by what its rule asks."""
    return (*ALWAYS, *by_commit(candidate), *of_rule(candidate))


def by_commit(candidate: Candidate) -> Gates:
    """Return the gates of single commits that this candidate is asked; none can be set aside."""
    is_there = {BLOCK.name: candidate.blocks, SAME_COMMIT.name: candidate.left}
    return tuple(
        gate for gate in BY_COMMIT if is_there[gate.name] and gate.asked(candidate.conditions)
    )


def of_rule(candidate: Candidate) -> Gates:
    """Return the gates that its rule asks for; those that a person set aside pass."""
    conditions = candidate.conditions
    unread = _unread(conditions)
    wanted = tuple(
        unread.get(gate.name, gate)
        for gate in OF_RULES
        if gate.name in unread or gate.asked(conditions)
    )
    if RULE in unread:
        wanted = (unread[RULE], *wanted)
    override = candidate.override
    if override is None:
        return wanted
    passes = _pass_by(override)
    return tuple(
        replace(gate, check=passes) if gate.name in override.gates else gate for gate in wanted
    )


def _unread(conditions: Conditions) -> dict[str, Gate]:
    """Return a gate, by name, that says error for each stored condition that cannot be read."""
    told: dict[str, list[str]] = {}
    for one in conditions.unreadable:
        gate = _JUDGES.get(one.name)
        told.setdefault(gate.name if gate is not None else RULE, []).append(one.message)
    like = {gate.name: gate for gate in OF_RULES}
    return {
        name: replace(
            like.get(name, ORDER),
            name=name,
            check=_error(messages),
            waits=NOTHING,
            reads=DATABASE,
            is_in_history=YES,
        )
        for name, messages in told.items()
    }


def _error(messages: list[str]) -> Callable[[Candidate, datetime], Verdict]:
    def check(candidate: Candidate, now: datetime) -> Verdict:
        return Error(f"The rule cannot be obeyed as it is: {' '.join(messages)}", {"of_rule": True})

    return check


def goes_at_once(conditions: Conditions) -> bool:
    """Return whether no gate of a rule waits for a time, for people or for checks."""
    waiting = TIME | PERSON | PROBE | CI
    is_asked = any(gate.asked(conditions) and gate.waits & waiting for gate in OF_RULES)
    return not (is_asked or conditions.unreadable)


def asked_again(candidate: Candidate) -> Gates:
    """Return those whose answers age: they are asked once more right before a post."""
    return tuple(
        gate
        for gate in of_rule(candidate)
        if gate.reads is not Reads.DATABASE or Waits.TIME in gate.waits
    )


def _pass_by(override: Override) -> Callable[[Candidate, datetime], Verdict]:
    def check(candidate: Candidate, now: datetime) -> Verdict:
        message = f"Set aside by {override.by}: {override.reason}"
        return Pass(message, {"overridden_by": override.by})

    return check
