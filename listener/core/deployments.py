"""How a promotion is told to GitHub: the states of its Deployment, and of its commit's status."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from listener.core.promotion import PromotionKind, Status

LONGEST = 140  # characters of a description
_CUT = "…"


class State(StrEnum):
    """The states of a Deployment, in GitHub's words."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"
    INACTIVE = "inactive"


# What runs is shown as active by GitHub only while its state is success.
_OF_PROMOTION: dict[Status, State] = {
    Status.WAITING: State.QUEUED,
    Status.POSTING: State.IN_PROGRESS,
    Status.RELEASING: State.IN_PROGRESS,
    Status.VERIFYING: State.IN_PROGRESS,
    Status.ROLLING_BACK: State.FAILURE,
    Status.SUCCEEDED: State.SUCCESS,
    Status.FAILED: State.FAILURE,
    Status.ERRORED: State.ERROR,
    Status.ROLLED_BACK: State.INACTIVE,
    Status.SUPERSEDED: State.INACTIVE,
    Status.CANCELLED: State.INACTIVE,
    Status.REJECTED: State.INACTIVE,
    Status.SKIPPED: State.INACTIVE,
}
_OF_ROLLBACK = _OF_PROMOTION | {
    Status.ROLLING_BACK: State.IN_PROGRESS,
    Status.ROLLED_BACK: State.SUCCESS,
}
_WENT = frozenset({State.IN_PROGRESS, State.SUCCESS})


@dataclass(frozen=True, slots=True)
class Event:
    """One of a promotion's own events, by its number."""

    id: int
    word: str
    message: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """A state to tell, in a sentence; the event is the last one that is told with it."""

    state: State
    message: str
    event: int


def state_of(kind: PromotionKind, word: str) -> State | None:
    """Return the state of a Deployment after an event; None where that changes nothing."""
    states = _OF_ROLLBACK if kind is PromotionKind.ROLLBACK else _OF_PROMOTION
    return states.get(Status(word)) if word in list(Status) else None


def steps(
    kind: PromotionKind, events: Iterable[Event], *, last: str | None, is_begun: bool
) -> tuple[Step, ...]:
    """Return what is to be told, in order, each state once; `last` was told last.

    Of what neither waits nor went, nothing is told: GitHub shows what was deployed, not what was
    thought about.
    """
    found: list[Step] = []
    for event in events:
        state = state_of(kind, event.word)
        if state is not None and state != (found[-1].state if found else last):
            found.append(Step(state, event.message, event.id))
    if is_begun or _is_worth_it(found):
        return tuple(found)
    return ()


def _is_worth_it(found: Sequence[Step]) -> bool:
    waits = bool(found) and found[-1].state is State.QUEUED
    return waits or any(step.state in _WENT for step in found)


def short(text: str) -> str:
    """Return a text as GitHub takes it: one line, of 140 characters at most."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + _CUT


class CommitState(StrEnum):
    """The states of a commit's status, in GitHub's words."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


_OF_COMMIT: dict[Status, CommitState] = {
    Status.SUCCEEDED: CommitState.SUCCESS,
    Status.SUPERSEDED: CommitState.SUCCESS,  # a newer commit went: nobody has to mend this one
    Status.SKIPPED: CommitState.SUCCESS,
    Status.FAILED: CommitState.FAILURE,
    Status.REJECTED: CommitState.FAILURE,
    Status.ROLLED_BACK: CommitState.FAILURE,
    Status.CANCELLED: CommitState.ERROR,
    Status.ERRORED: CommitState.ERROR,
}


def commit_state_of(status: Status) -> CommitState:
    """Return the state of the commit's status while, or after, its promotion is in this one."""
    return _OF_COMMIT.get(status, CommitState.PENDING)
