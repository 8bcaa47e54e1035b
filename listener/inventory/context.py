"""The context that every step works with."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from listener.crypto import Keys
from listener.db.engine import Database
from listener.heroku import Heroku
from listener.inventory.reader import HerokuReader
from listener.inventory.traits import Comparisons
from listener.prober import Prober


@dataclass(frozen=True, slots=True)
class Context:
    """The database, Heroku, the prober of other URLs, and the few settings that steps obey."""

    database: Database
    heroku: Heroku
    reader: HerokuReader
    comparisons: Comparisons
    keys: Keys
    allowed_apps: tuple[str, ...] = ("*",)
    reconcile_every: timedelta = timedelta(minutes=5)
    records_for: timedelta = timedelta(days=90)
    audit_for: timedelta | None = None  # for ever
    notify_urls: tuple[str, ...] = ()
    public_url: str | None = None
    prober: Prober = field(default_factory=Prober)


@dataclass(frozen=True, slots=True)
class Clock:
    """Computes the database's time from one read of it and the process's monotonic clock."""

    read: datetime
    at: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """Return the time now by the database's clock."""
        return self.read + timedelta(seconds=time.monotonic() - self.at)
