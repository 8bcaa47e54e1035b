"""The heartbeat of a process: its runners' last rounds, stored every few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from listener.db import runners
from listener.db.engine import Database

log = structlog.get_logger()


class Pulse:
    """The last rounds of one process's runners."""

    def __init__(
        self, database: Database, process: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._process = process
        self._clock = clock
        self._works_on: dict[str, str] = {}
        self._rounds: dict[str, float] = {}

    def add(self, works_on: str) -> str:
        """Add a runner; return its name."""
        name = f"{self._process}:{len(self._works_on)}"
        self._works_on[name] = works_on
        self._rounds[name] = self._clock()
        return name

    def round_made(self, name: str) -> None:
        """Record that a runner looked for work and got an answer."""
        self._rounds[name] = self._clock()

    def beat(self) -> None:
        """Store all rounds in one transaction; if the database is away, only log that."""
        now = self._clock()
        rounds = {
            name: runners.Round(works_on, timedelta(seconds=now - self._rounds[name]))
            for name, works_on in self._works_on.items()
        }
        try:
            with self._database.begin() as conn:
                runners.beat(conn, self._process, rounds)
        except (DBAPIError, PoolTimeout) as error:
            log.warning("database_unavailable", error=type(error).__name__)

    def end(self) -> None:
        """Delete the runners of this process from the database: it works no more."""
        try:
            with self._database.begin() as conn:
                runners.leave(conn, self._process)
        except (DBAPIError, PoolTimeout) as error:
            log.warning("database_unavailable", error=type(error).__name__)
