"""What every step works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from listener.heroku import Heroku
from listener.keys import Keys
from listener.probing import Prober
from listener.steps.comparing import Comparisons
from listener.steps.readings import Readings
from listener.store.engine import Database


@dataclass(frozen=True, slots=True)
class Tools:
    """The database, Heroku, whoever asks other URLs, and the few settings that steps obey."""

    database: Database
    heroku: Heroku
    readings: Readings
    comparisons: Comparisons
    keys: Keys
    allowed_apps: tuple[str, ...] = ("*",)
    reconcile_every: timedelta = timedelta(minutes=5)
    notify_urls: tuple[str, ...] = ()
    public_url: str | None = None
    prober: Prober = field(default_factory=Prober)
