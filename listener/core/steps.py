"""The steps of one promotion, from its timeline: which it went through, and how long each took."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from listener.core import duration
from listener.core.promotion import ENDED, Status


@dataclass(frozen=True, slots=True)
class Step:
    """A status that it had; one that lasts still has no end."""

    status: Status
    began_at: datetime
    ended_at: datetime | None = None

    @property
    def took(self) -> str:
        """How long it took, for people; empty while it lasts, and for an end."""
        return told(self.ended_at - self.began_at) if self.ended_at is not None else ""


def steps(moments: Iterable[tuple[datetime, str]]) -> list[Step]:
    """Return the steps since it last began to wait, oldest first, by its events and their times."""
    found: list[Step] = []
    for at, event in moments:
        if event not in set(Status) or (found and found[-1].status == event):
            continue
        status = Status(event)
        if found and found[-1].status in ENDED:
            found = []  # it was retried
        elif found:
            found[-1] = replace(found[-1], ended_at=at)
        found.append(Step(status, at))
    return found


def told(span: timedelta) -> str:
    """Write a span for people: `0.4 s`, `41 s`, `1 min 12 s`, `2 h 5 min`."""
    seconds = max(span.total_seconds(), 0.0)
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{int(seconds) // 60} min {int(seconds) % 60} s"
    return duration.show_roughly(span)
