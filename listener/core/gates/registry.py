"""Which gates there are, what each is like, and which of them a candidate must pass.

A gate's place in the list is its precedence. What can never change comes first, and what must be
read elsewhere comes last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from listener.core.gates import always, external, review, schedule
from listener.core.gates.base import Candidate, Gate, Override, Pass, Reads, Verdict, Waits
from listener.core.gates.options import Conditions

Gates = tuple[Gate, ...]


def _always(_: Conditions) -> bool:
    return True


SOURCE = Gate(
    name="source",
    check=always.source,
    asked=_always,
    waits=Waits.WORK,
    reads=Reads.DATABASE,
    is_blocking=False,
    is_filter=False,
    is_in_history=True,
)
MATCH = Gate(
    name="match",
    check=always.match,
    asked=_always,
    waits=Waits.HEROKU,
    reads=Reads.DATABASE,
    is_blocking=True,
    is_filter=False,
    is_in_history=True,
)
ORDER = Gate(
    name="order",
    check=always.order,
    asked=_always,
    waits=Waits.NOTHING,
    reads=Reads.DATABASE,
    is_blocking=True,
    is_filter=False,
    is_in_history=True,
)
TARGET = Gate(
    name="target",
    check=always.target,
    asked=_always,
    waits=Waits.WORK,
    reads=Reads.DATABASE,
    is_blocking=False,
    is_filter=False,
    is_in_history=True,
)
HOLD = Gate(
    name="hold",
    check=always.hold,
    asked=_always,
    waits=Waits.PERSON | Waits.TIME,
    reads=Reads.DATABASE,
    is_blocking=True,
    is_filter=False,
    is_in_history=True,
)
AUTHOR = Gate(
    name="author",
    check=review.author,
    asked=lambda c: c.authors or c.not_authors,
    waits=Waits.NOTHING,
    reads=Reads.DATABASE,
    is_blocking=False,
    is_filter=True,
    is_in_history=True,
)
COMMIT_MESSAGE = Gate(
    name="commit-message",
    check=review.commit_message,
    asked=lambda c: c.needs_commit_message,
    waits=Waits.PERSON,
    reads=Reads.DATABASE,
    is_blocking=False,
    is_filter=True,
    is_in_history=True,
)
DESCRIPTION = Gate(
    name="description",
    check=review.description,
    asked=lambda c: c.descriptions or c.not_descriptions,
    waits=Waits.NOTHING,
    reads=Reads.DATABASE,
    is_blocking=False,
    is_filter=True,
    is_in_history=True,
)
SOAK = Gate(
    name="soak",
    check=schedule.soak,
    asked=lambda c: c.soak,
    waits=Waits.TIME,
    reads=Reads.DATABASE,
    is_blocking=False,
    is_filter=False,
    is_in_history=True,
)
WINDOW = Gate(
    name="window",
    check=schedule.window,
    asked=lambda c: c.windows,
    waits=Waits.TIME,
    reads=Reads.DATABASE,
    is_blocking=False,
    is_filter=False,
    is_in_history=True,
)
CLOSED = Gate(
    name="closed",
    check=schedule.closed,
    asked=lambda c: c.closed,
    waits=Waits.TIME,
    reads=Reads.DATABASE,
    is_blocking=False,
    is_filter=False,
    is_in_history=True,
)
MIN_GAP = Gate(
    name="min-gap",
    check=schedule.min_gap,
    asked=lambda c: c.min_gap,
    waits=Waits.TIME,
    reads=Reads.DATABASE,
    is_blocking=False,
    is_filter=False,
    is_in_history=True,
)
MAX_PER_DAY = Gate(
    name="max-per-day",
    check=schedule.max_per_day,
    asked=lambda c: c.max_per_day,
    waits=Waits.TIME,
    reads=Reads.DATABASE,
    is_blocking=False,
    is_filter=False,
    is_in_history=True,
)
BRAKE = Gate(
    name="brake",
    check=review.brake,
    asked=lambda c: c.brake,
    waits=Waits.PERSON,
    reads=Reads.DATABASE,
    is_blocking=False,
    is_filter=False,
    is_in_history=False,
)
APPROVALS = Gate(
    name="approvals",
    check=review.approvals,
    asked=lambda c: c.approvals,
    waits=Waits.PERSON,
    reads=Reads.DATABASE,
    is_blocking=False,
    is_filter=False,
    is_in_history=False,
)
CHECK = Gate(
    name="check",
    check=external.check,
    asked=lambda c: c.checks,
    waits=Waits.PROBE,
    reads=Reads.PROBES,
    is_blocking=False,
    is_filter=False,
    is_in_history=False,
)
PARITY = Gate(
    name="parity",
    check=external.parity,
    asked=external.compared,
    waits=Waits.HEROKU,
    reads=Reads.TRAITS,
    is_blocking=True,
    is_filter=False,
    is_in_history=False,
)

ALWAYS: Gates = (SOURCE, MATCH, ORDER, TARGET, HOLD)
OF_RULES: Gates = (
    AUTHOR,
    COMMIT_MESSAGE,
    DESCRIPTION,
    SOAK,
    WINDOW,
    CLOSED,
    MIN_GAP,
    MAX_PER_DAY,
    BRAKE,
    APPROVALS,
    CHECK,
    PARITY,
)
OF_ROLLBACK: Gates = (MATCH, replace(TARGET, check=always.rollback_target))


def asked(candidate: Candidate) -> Gates:
    """Return the gates that a candidate must pass, by what its rule asks."""
    return (*ALWAYS, *of_rule(candidate))


def of_rule(candidate: Candidate) -> Gates:
    """Return the gates that its rule asks for; those that a person set aside pass."""
    wanted = tuple(gate for gate in OF_RULES if gate.asked(candidate.conditions))
    override = candidate.override
    if override is None:
        return wanted
    passes = _pass_by(override)
    return tuple(
        replace(gate, check=passes) if gate.name in override.gates else gate for gate in wanted
    )


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
