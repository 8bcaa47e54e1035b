"""A town that outlives a test: its dyno goes on, unless the test ended it or started another."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from listener.db import sync
from listener.db.engine import Database
from tests.acceptance.town import Heroku, Town, wait_until
from tests.db import clean

CLAIMED = ("app", "chore", "notice", "promotion")
CLAIMS = text(
    " UNION ALL ".join(f"SELECT 1 FROM {name} WHERE lease_until > now()" for name in CLAIMED)  # noqa: S608 - names of our own tables
)


class Lasting:
    """Lends one town to test after test."""

    def __init__(
        self,
        heroku: Heroku,
        database_url: str,
        database: Database,
        folders: pytest.TempPathFactory,
    ) -> None:
        self._heroku = heroku
        self._database_url = database_url
        self._database = database
        self._folders = folders
        self._town: Town | None = None

    def open(self, folder: Path) -> Town:
        """Return the town; its people have a home in this folder."""
        if self._town is None:
            self._town = Town(self._heroku, self._database_url, self._folders.mktemp("town"))
            self._town.start()
        self._town.move(folder)
        return self._town

    def settle(self) -> None:
        """Leave nothing in the database, and no dyno but one that is as it was at first."""
        if self._town is not None and not self._town.is_untouched:
            self.close()
        if self._town is None:
            clean.empty(self._database)
        else:
            wait_until(self._empty, "an end of the step at hand")

    def _empty(self) -> bool:
        with self._database.begin() as conn:
            if _is_at_work(conn):
                return False
            conn.exec_driver_sql(clean.DELETE)
            conn.exec_driver_sql(clean.COUNT_ANEW)
            sync.ask_reconcile(conn)  # as at the start of a dyno
        return True

    def close(self) -> None:
        """End every dyno."""
        if self._town is not None:
            self._town.close()
        self._town = None


def _is_at_work(conn: Connection) -> bool:
    """Return whether a step runs now; keep others from beginning until the transaction ends.

    To wait for one table with another in hand is a deadlock with whoever writes to both.
    """
    try:
        conn.exec_driver_sql(f"LOCK TABLE {', '.join(CLAIMED)} IN EXCLUSIVE MODE NOWAIT")
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            return True
        raise
    return conn.execute(CLAIMS).first() is not None
