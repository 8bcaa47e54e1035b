"""Watched connections: if a statement gets no answer in time, it fails and its socket is closed.

A host that fell silent sends no reset, so a socket to it would live for ever. If the server still
works, its own limits come first: they end the statement and keep the connection.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from typing_extensions import override

Answer = TypeVar("Answer")

ANSWER_SECONDS = 15.0
LIFE_SECONDS = 5.0  # an answer that costs the server nothing
CONNECT_SECONDS = 5
# Our transactions last milliseconds, for none stays open while Heroku is asked. The limits are
# set by a statement, because a pooler between us and the server may refuse them as options.
STATEMENT_TIMEOUT = "12s"
LIMITS = (
    f"SET statement_timeout = '{STATEMENT_TIMEOUT}'; SET lock_timeout = '8s';"
    " SET idle_in_transaction_session_timeout = '30s';"
    # What is read is in memory. Else a small table is read whole for each of a hundred look-ups.
    " SET random_page_cost = 1.1;"
    # Else each is planned anew the first five times on each connection, which takes longer than
    # its answer. Words that a plan depends on are written into statements (`columns.Choice`).
    " SET plan_cache_mode = force_generic_plan"
)
# Most statements are said again and again, and to parse one takes as long as its answer.
PREPARE_AFTER = 1  # execution
# With these the kernel notices a host that is gone, even while no statement runs.
SOCKET: dict[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}


class Unanswered(psycopg.OperationalError):
    """The database did not answer in time; the connection is closed."""


class Watched(psycopg.Connection[Any]):
    """A connection on which no statement waits too long for an answer."""

    answer_within = LIFE_SECONDS
    is_pooled = False  # a pooler between us and the server lends us sessions

    @override
    def wait(
        self, gen: PQGen[Answer], interval: float = 0.1, timeout: float | None = None
    ) -> Answer:
        """Wait for an answer; a call with its own timeout is not watched. Raises Unanswered."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        begun = time.monotonic()
        try:
            return super().wait(gen, interval, self.answer_within)
        except psycopg.OperationalError as error:
            if time.monotonic() - begun < self.answer_within:
                raise
            self.close()
            message = f"The database did not answer within {self.answer_within:g} s."
            raise Unanswered(message) from error

    def session(self) -> int:
        """Return the process id of the server session that answers now."""
        return int(self.execute("SELECT pg_backend_pid()").fetchone()[0])  # type: ignore[index]

    def keeps_limits(self) -> bool:
        """Return whether the limits that were set still count: who swallows them lends sessions."""
        found = self.execute("SHOW statement_timeout").fetchone()
        return found is not None and found[0] == STATEMENT_TIMEOUT

    def is_alive(self) -> bool:
        """Check that the server answers soon; close the connection if it does not."""
        try:
            with self._within(min(LIFE_SECONDS, self.answer_within)), self._no_transaction():
                self.execute("SELECT 1")
        except psycopg.Error:
            self.close()
            return False
        return True

    @contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        usual, self.answer_within = self.answer_within, seconds
        try:
            yield
        finally:
            self.answer_within = usual

    @contextmanager
    def _no_transaction(self) -> Iterator[None]:
        usual = self.autocommit
        self.autocommit = True
        yield
        self.autocommit = usual


def connect(
    *words: str,
    answer_within: float = ANSWER_SECONDS,
    has_limits: bool = True,
    autocommit: bool = False,
    **values: Any,
) -> Watched:
    """Open a watched connection."""
    values = {"connect_timeout": CONNECT_SECONDS, "application_name": "autopromote"} | values
    connection = Watched.connect(*words, autocommit=True, **SOCKET | values)
    connection.answer_within = min(LIFE_SECONDS, answer_within)
    try:
        if has_limits:
            connection.execute(LIMITS)
        connection.is_pooled = connection.session() != connection.info.backend_pid
        if connection.is_pooled:
            connection.prepare_threshold = None  # the next session would not know of it
        else:
            connection.prepare_threshold = PREPARE_AFTER
        connection.autocommit = autocommit
    except psycopg.Error:
        connection.close()
        raise
    connection.answer_within = answer_within
    return connection
