"""How a promotion is told to GitHub: the states of its Deployment, and of its commit's status.

All who read the repository read it, so the reasons of promotions are told to none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from listener.core.promotion import PromotionKind, Status

LONGEST = 140  # characters of a description
MOST_NAMED = 5  # gates in a sentence
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
    Status.SHADOWED: State.INACTIVE,
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
    """A state to tell, of this status; the event is the last one that is told with it."""

    state: State
    status: Status
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
            found.append(Step(state, Status(event.word), event.id))
    if is_begun or _is_worth_it(found):
        return tuple(found)
    return ()


def _is_worth_it(found: Sequence[Step]) -> bool:
    waits = bool(found) and found[-1].state is State.QUEUED
    return waits or any(step.state in _WENT for step in found)


_SAID: dict[Status, str] = {
    Status.WAITING: "Waits",
    Status.POSTING: "Is being released",
    Status.RELEASING: "Is being released",
    Status.VERIFYING: "Released, and being verified",
    Status.ROLLING_BACK: "Is being rolled back",
    Status.SUCCEEDED: "Released",
    Status.FAILED: "Failed",
    Status.ERRORED: "Ended without a clear answer",
    Status.ROLLED_BACK: "Rolled back",
    Status.SUPERSEDED: "A newer release takes its place",
    Status.CANCELLED: "Cancelled",
    Status.REJECTED: "Rejected",
    Status.SKIPPED: "Left out",
    Status.SHADOWED: "Not released: its rule is in shadow",
}
_OBJECTS = {Status.WAITING: frozenset({"wait", "error"}), Status.REJECTED: frozenset({"reject"})}


def said(status: Status, *, version: int | None, gates: Iterable[Mapping[str, Any]] = ()) -> str:
    """Say how it stands, for everybody: by its status, and by the names of gates that object."""
    what, objects = _SAID.get(status, "Not told"), _OBJECTS.get(status, frozenset())
    names = [str(each["name"]) for each in gates if each["verdict"] in objects]
    if names:
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        what += f": {', '.join(names[:MOST_NAMED])}{more}"
    elif status is Status.SUCCEEDED and version is not None:
        what += f" as v{version}"
    return short(f"{what}.")


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
    Status.SHADOWED: CommitState.SUCCESS,
    Status.FAILED: CommitState.FAILURE,
    Status.REJECTED: CommitState.FAILURE,
    Status.ROLLED_BACK: CommitState.FAILURE,
    Status.CANCELLED: CommitState.ERROR,
    Status.ERRORED: CommitState.ERROR,
}


def commit_state_of(status: Status) -> CommitState:
    """Return the state of the commit's status while, or after, its promotion is in this one."""
    return _OF_COMMIT.get(status, CommitState.PENDING)
