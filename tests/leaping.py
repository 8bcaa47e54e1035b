"""A clock of an emulated Heroku that a test sets: Heroku dates releases by whole seconds."""

from __future__ import annotations

from datetime import datetime, timedelta

from typing_extensions import override

from emulator.clock import SystemClock


class Leaping(SystemClock):
    """Heroku's clock: it leaps on or stands, so that acts are of different seconds or of one."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._stands_at: datetime | None = None

    @override
    def now(self) -> datetime:
        return (self._stands_at or super().now()) + self._ahead

    def leap(self) -> None:
        """It is another second."""
        self._ahead += timedelta(seconds=1)

    def stand(self) -> None:
        """It stays the same second."""
        self._stands_at = super().now()

    def reset(self) -> None:
        """Go on as this machine's clock does."""
        self._ahead = timedelta()
        self._stands_at = None
