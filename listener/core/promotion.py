"""The life of a promotion: its statuses, the transitions between them, and its times.

`TRANSITIONS` is the protocol's table; the graph in ARCHITECTURE.md shows the same transitions.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum


class Status(StrEnum):
    """Where a promotion stands."""

    WAITING = "waiting"
    POSTING = "posting"
    RELEASING = "releasing"
    VERIFYING = "verifying"
    ROLLING_BACK = "rolling_back"
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # Heroku or the release phase said no
    ERRORED = "errored"  # we could not find out
    ROLLED_BACK = "rolled_back"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    SKIPPED = "skipped"
    SHADOWED = "shadowed"


class PromotionKind(StrEnum):
    """A promotion brings a release to a target; a rollback brings back what a target ran before."""

    PROMOTE = "promote"
    ROLLBACK = "rollback"


ACTIVE = frozenset({Status.POSTING, Status.RELEASING, Status.VERIFYING, Status.ROLLING_BACK})
UNFINISHED = ACTIVE | {Status.WAITING}
ENDED = frozenset(Status) - UNFINISHED
RETRYABLE = frozenset({Status.FAILED, Status.ERRORED, Status.CANCELLED, Status.REJECTED})

_SENT = {Status.RELEASING, Status.SUCCEEDED, Status.VERIFYING, Status.FAILED, Status.ERRORED}
TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.WAITING: frozenset(
        {
            Status.WAITING,
            Status.POSTING,
            Status.ROLLING_BACK,  # a rollback by hand: what posting is to a promotion
            Status.REJECTED,
            Status.SKIPPED,
            Status.SUPERSEDED,
            Status.CANCELLED,
            Status.SHADOWED,
            Status.ERRORED,
        }
    ),
    Status.POSTING: frozenset(_SENT | {Status.POSTING, Status.WAITING}),
    Status.RELEASING: frozenset(_SENT),
    Status.VERIFYING: frozenset({Status.SUCCEEDED, Status.FAILED, Status.ROLLING_BACK}),
    Status.ROLLING_BACK: frozenset(
        {
            Status.ROLLING_BACK,
            Status.WAITING,
            Status.ROLLED_BACK,
            Status.FAILED,
            Status.ERRORED,
        }
    ),
} | {ended: frozenset({Status.WAITING}) for ended in RETRYABLE}

# How long after a POST of unknown fate the target's releases are looked at for it.
LOOKS = tuple(timedelta(seconds=seconds) for seconds in (0, 5, 15, 30, 60))
MOST_POSTS = 2
SEND_WITHIN = timedelta(seconds=5)
FRESH_FOR = timedelta(seconds=2)
SLOW = timedelta(seconds=1)  # a request that takes longer
SLOWEST = timedelta(seconds=10)
FRESH_FROM_ARRIVAL = timedelta(seconds=1)
TOLD_AFTER = timedelta(minutes=10)  # what Heroku gets over sooner is no news
UNREADABLE_FOR = timedelta(minutes=60)
RELEASE_PHASE_FOR = timedelta(minutes=75)  # Heroku ends a release phase after an hour
ERRORS_FOR = timedelta(hours=24)
MOST_ATTEMPTS = 20
BLOCKED_STEP = timedelta(seconds=15)
RATE_LIMIT_WAIT = timedelta(seconds=60)  # 75 calls come back a minute
CALLS_BACK_A_MINUTE = 75
RESERVE = 100  # calls that nothing new may spend, so that a rollback can always be paid for


def can_transition(before: Status, after: Status) -> bool:
    """Return whether the protocol's table lists this transition."""
    return after in TRANSITIONS.get(before, frozenset())


def next_look(sent_at: datetime, now: datetime) -> datetime | None:
    """Return when to look next for a POST's release, counted from the send; None after the last."""
    return next((sent_at + after for after in LOOKS if sent_at + after > now), None)


def fresh_until(started_at: datetime, arrived_at: datetime) -> datetime:
    """Return until when a snapshot is fresh enough to post on: 2 s after its request was sent.

    Where Heroku was slow (more than 1 s, at most 10 s): 1 s after it arrived. What else came in
    between is found by the version of the release that we make.
    """
    took = arrived_at - started_at
    is_slow = SLOW < took <= SLOWEST
    return arrived_at + FRESH_FROM_ARRIVAL if is_slow else started_at + FRESH_FOR


def back_off(attempt: int) -> timedelta:
    """Return the pause after so many unreadable answers of Heroku in a row: 5 s to 5 min."""
    return timedelta(seconds=min(5 * 2 ** min(max(attempt, 0), 7), 300))


def release_poll(since: timedelta) -> timedelta:
    """Return the time until the next look at a release phase: 1 s at first, rising to 15 s."""
    return timedelta(seconds=min(max(1.0, since.total_seconds() / 4), 15.0))


def reserve_back_in(calls_left: int, told: timedelta) -> timedelta:
    """Return the time until the reserve of calls is whole; `told` ago, `calls_left` were left."""
    missing = timedelta(minutes=max(RESERVE - calls_left, 0) / CALLS_BACK_A_MINUTE)
    return max(missing - told, timedelta())


def description_of(source: str, version: int, nonce: str, *, kind: PromotionKind) -> str:
    """Build the text for the target's release log, with the nonce that marks it as ours."""
    if kind is PromotionKind.ROLLBACK:
        return f"Roll back to v{version} (autopromote {nonce})"
    return f"Promote {source} v{version} (autopromote {nonce})"
