"""The gauges: figures of the whole installation, and of this process's account at Heroku."""

from __future__ import annotations

from listener.heroku import Heroku
from listener.store import figures
from listener.store.engine import Database
from listener.store.figures import Figures


class Gauges:
    """Read when somebody looks."""

    def __init__(self, database: Database, heroku: Heroku) -> None:
        self._database = database
        self._heroku = heroku

    def figures(self) -> Figures:
        """What the database tells now."""
        with self._database.begin() as conn:
            return figures.read(conn)

    def heroku_requests_left(self) -> int | None:
        """How many requests Heroku still grants, as its last answer to this process told."""
        return self._heroku.requests_left
