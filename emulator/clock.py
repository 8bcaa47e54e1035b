"""Time, so that a test may hold it still."""

from datetime import UTC, datetime, timedelta
from threading import Condition
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits for it."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""

    def wait(self, changed: Condition, until: datetime | None) -> None:
        """Return at `until`, or before when `changed`, which the caller holds, is notified."""


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return datetime.now(UTC)

    def wait(self, changed: Condition, until: datetime | None) -> None:
        """Sleep on the condition, no longer than until then."""
        changed.wait(None if until is None else max(0.0, (until - self.now()).total_seconds()))


class ManualClock:
    """A time that stands still; move it with `World.advance`, which wakes who waits."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """The time, as last set."""
        return self._now

    def wait(self, changed: Condition, until: datetime | None) -> None:
        """Sleep until somebody says that something changed."""
        changed.wait()

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by
