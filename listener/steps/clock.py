"""The database's clock, carried along a step: every dyno shares it, whatever its own shows."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells the database's time from one reading of it and the process's own steady clock."""

    read: datetime
    at: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """The database's time now."""
        return self.read + timedelta(seconds=time.monotonic() - self.at)
