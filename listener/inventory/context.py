"""The context that every step works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from listener.core import own_names
from listener.core.promotion import reserve_back_in
from listener.crypto import Keys
from listener.db import own_address
from listener.db.engine import Database
from listener.github import GitHub
from listener.heroku import Heroku
from listener.inventory.changes import Changes
from listener.inventory.clock import Clock
from listener.inventory.commits import CommitReader
from listener.inventory.reader import HerokuReader
from listener.inventory.shared import SharedAnswers
from listener.inventory.traits import Comparisons
from listener.prober import Prober
from listener.roles import Reach

__all__ = ["Clock", "Context"]


@dataclass(frozen=True, slots=True)
class Context:
    """The database, Heroku, GitHub, the prober, and the few settings that steps obey."""

    database: Database
    heroku: Heroku
    reader: HerokuReader
    comparisons: Comparisons
    commits: CommitReader
    keys: Keys
    github: GitHub | None = None  # None where nobody set it up
    allowed_apps: tuple[str, ...] = ("*",)
    reconcile_every: timedelta = timedelta(minutes=5)
    records_for: timedelta = timedelta(days=90)
    audit_for: timedelta | None = None  # for ever
    notify_urls: tuple[str, ...] = ()
    events_to: tuple[str, ...] = field(default=(), repr=False)  # URLs
    public_url: str | None = None  # as it was set; `address` also knows what was learned
    prober: Prober = field(default_factory=Prober)
    reach: Reach = field(default_factory=Reach)  # of whoever asks; our own steps see every app
    changes: Changes = field(default_factory=Changes)
    shared: SharedAnswers | None = None  # with all who only look; None: nothing is shared

    def address(self, conn: Connection | None = None) -> str | None:
        """Return where Heroku and browsers reach us; None where nobody set or taught it.

        Whoever is in a transaction gives its connection.
        """
        if self.public_url is not None:
            return self.public_url
        if conn is not None:
            return own_address.find(conn)
        with self.database.lend() as own:
            return own_address.find(own)

    def own_names(self, conn: Connection | None = None) -> Callable[[str], str]:
        """Return what writes the listener's app and user where a text says LISTENER and the like.

        They are looked up once, for all texts.
        """
        return partial(own_names.filled, url=self.address(conn), user=self.reader.user)

    @property
    def is_short_of_calls(self) -> bool:
        """Whether only the calls to Heroku are left that are kept for rollbacks, as last told."""
        left, told = self.heroku.requests_left, self.heroku.requests_left_since
        return left is not None and bool(reserve_back_in(left, timedelta(seconds=told)))
