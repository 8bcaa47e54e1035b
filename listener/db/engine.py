"""The one door to PostgreSQL: every form of DATABASE_URL, few connections, short waits."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from ipaddress import ip_address
from typing import Any, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError

from listener.db import watchdog
from listener.db.watchdog import Watched

POOL_WAIT_SECONDS = 2


class BadDatabaseUrl(ValueError):
    """DATABASE_URL is none of PostgreSQL's; the message never shows it, for it holds a password."""


def parse_url(text: str) -> URL:
    """DATABASE_URL in any form Heroku or PostgreSQL use, our driver, and TLS over a network."""
    try:
        url = make_url(text.strip())
    except (ArgumentError, ValueError) as error:
        message = "DATABASE_URL is no URL like postgres://user:password@host:5432/name."
        raise BadDatabaseUrl(message) from error
    if url.get_backend_name() not in ("postgres", "postgresql"):
        raise BadDatabaseUrl("DATABASE_URL must begin with postgres:// or postgresql://.")
    url = url.set(drivername="postgresql+psycopg")
    if "sslmode" not in url.query and not _is_local(url):
        url = url.update_query_dict({"sslmode": "require"})
    return url


def _is_local(url: URL) -> bool:
    host = url.query.get("host") or url.host or ""
    name = host if isinstance(host, str) else host[0]
    if not name or name.startswith("/") or name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


class Database:
    """A small pool of connections, and one more for whoever listens."""

    def __init__(self, engine: Engine, *, answer_within: float) -> None:
        self._engine = engine
        self._answer_within = answer_within

    def begin(self) -> AbstractContextManager[Connection]:
        """A transaction: committed at the end of the block, rolled back on an exception."""
        return self._engine.begin()

    def listen(self, channel: str) -> Watched:
        """A connection of its own, outside the pool, on which notifications of a channel arrive."""
        connection = self.connect()
        connection.execute(f"LISTEN {channel}")  # a constant of ours; LISTEN takes no parameters
        return connection

    def connect(self) -> Watched:
        """A connection of its own, outside the pool; each statement is a transaction."""
        url = self._engine.url.set(drivername="postgresql")
        text = url.render_as_string(hide_password=False)
        return watchdog.connect(text, autocommit=True, answer_within=self._answer_within)

    def is_lent(self, conn: Connection) -> bool:
        """Whether sessions are lent anew for each transaction, so that no connection has its own.

        Two more connections are asked in turn, where there is a pool between us and the server at
        all: it has reason then to lend each of its sessions to both, whichever it prefers.
        """
        if not cast(Watched, conn.connection.dbapi_connection).is_pooled:
            return False
        with self.connect() as one, self.connect() as other:
            return not are_own([each.session() for each in (one, one, other, other, one)])

    def dispose(self) -> None:
        """Close every pooled connection."""
        self._engine.dispose()


def are_own(sessions: Sequence[int]) -> bool:
    """Whether these are two sessions in all: of one connection twice, of another twice, and again.

    What is lent anew for each transaction comes to both of them, or changes under one.
    """
    first, second, third, fourth, fifth = sessions
    return first == second == fifth and third == fourth and first != third


def open_database(
    url: str, *, pool_size: int = 2, answer_within: float = watchdog.ANSWER_SECONDS
) -> Database:
    """Make the pool; nothing connects before the first transaction. Raises BadDatabaseUrl.

    To be called after any fork: connections must not be shared between processes.
    """
    engine = create_engine(
        parse_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        hide_parameters=True,  # an error must not show what was written
    )
    put_under_watch(engine, answer_within)
    event.listen(engine.pool, "checkout", _ask_for_life)
    return Database(engine, answer_within=answer_within)


def put_under_watch(engine: Engine, answer_within: float, *, has_limits: bool = True) -> None:
    """Have every connection of an engine watched."""

    def connect(_: Any, __: Any, words: tuple[str, ...], values: dict[str, Any]) -> Watched:
        return watchdog.connect(
            *words, **values, answer_within=answer_within, has_limits=has_limits
        )

    event.listen(engine, "do_connect", connect)


def _ask_for_life(connection: Any, _: object, __: object) -> None:
    """Before a connection of the pool is used; what fell silent is no reason to wait long."""
    if not cast(Watched, connection).is_alive():
        raise InvalidatePoolError
