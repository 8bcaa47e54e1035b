"""What every step works with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from listener.heroku import Heroku
from listener.keys import Keys
from listener.steps.readings import Readings
from listener.store.engine import Database


@dataclass(frozen=True, slots=True)
class Tools:
    """The database, Heroku, and the few settings that steps obey."""

    database: Database
    heroku: Heroku
    readings: Readings
    keys: Keys
    allowed_apps: tuple[str, ...] = ("*",)
    reconcile_every: timedelta = timedelta(minutes=5)
    notify_urls: tuple[str, ...] = ()
    public_url: str | None = None
