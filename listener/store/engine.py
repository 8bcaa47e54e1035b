"""The one door to PostgreSQL: every form of DATABASE_URL, few connections, short waits."""

from __future__ import annotations

from contextlib import AbstractContextManager
from ipaddress import ip_address
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError

POOL_WAIT_SECONDS = 2
CONNECT_SECONDS = 5
# A transaction of ours lasts milliseconds, since none stays open while Heroku is asked.
LIMITS = "-c statement_timeout=15s -c lock_timeout=8s -c idle_in_transaction_session_timeout=30s"


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

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self) -> AbstractContextManager[Connection]:
        """A transaction: committed at the end of the block, rolled back on an exception."""
        return self._engine.begin()

    def listen(self, channel: str) -> psycopg.Connection[Any]:
        """A connection of its own, outside the pool, on which notifications of a channel arrive."""
        url = self._engine.url.set(drivername="postgresql")
        connection = psycopg.connect(
            url.render_as_string(hide_password=False),
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            application_name="autopromote",
        )
        connection.execute(f"LISTEN {channel}")  # a constant of ours; LISTEN takes no parameters
        return connection

    def dispose(self) -> None:
        """Close every pooled connection."""
        self._engine.dispose()


def open_database(url: str, *, pool_size: int = 2) -> Database:
    """Make the pool; nothing connects before the first transaction. Raises BadDatabaseUrl.

    To be called after any fork: connections must not be shared between processes.
    """
    engine = create_engine(
        parse_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,  # an error must not show what was written
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "options": LIMITS,
            "application_name": "autopromote",
        },
    )
    return Database(engine)
