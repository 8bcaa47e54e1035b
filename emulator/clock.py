"""Clocks: the real time, and a time that a test controls."""

from datetime import UTC, datetime, timedelta
from threading import Condition
from typing import Protocol


class Clock(Protocol):
    """Tells the time, and waits for a time."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""

    def wait(self, changed: Condition, until: datetime | None) -> None:
        """Wait until `until`, or until `changed`, which the caller holds, is notified."""


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return datetime.now(UTC)

    def wait(self, changed: Condition, until: datetime | None) -> None:
        """Wait on the condition, at most until `until`."""
        changed.wait(None if until is None else max(0.0, (until - self.now()).total_seconds()))


class ManualClock:
    """A time that stands still. `World.advance` moves it and wakes all waiters."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the time as it was last set."""
        return self._now

    def wait(self, changed: Condition, until: datetime | None) -> None:
        """Wait until the condition is notified; `until` does not matter."""
        changed.wait()

    def advance(self, by: timedelta) -> None:
        """Move the time forward."""
        self._now += by
