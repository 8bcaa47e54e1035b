"""The database's time, told without asking it again."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Clock:
    """Computes the database's time from one read of it and the process's monotonic clock."""

    read: datetime
    at: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """Return the time now by the database's clock."""
        return self.then(time.monotonic())

    def then(self, moment: float) -> datetime:
        """Return the time by the database's clock at a moment of the monotonic one."""
        return self.read + timedelta(seconds=moment - self.at)
