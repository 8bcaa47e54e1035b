"""The only way to PostgreSQL: any form of DATABASE_URL, few connections, short waits."""

from __future__ import annotations

import re
import select
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from ipaddress import ip_address
from typing import Any, cast

from psycopg.pq import Conninfo
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError

from listener.db import watchdog
from listener.db.fixed import Fixed
from listener.db.watchdog import Watched

POOL_WAIT_SECONDS = 2
PING_AFTER_SECONDS = 10.0  # without use; what the other side closed is seen at once
CHANNEL = "autopromote"
_TOPICS = "topics"


NO_URL = (
    "DATABASE_URL is no URL like postgres://user:password@host:5432/name, with @ in a password"
    " written %40."
)


class BadDatabaseUrl(ValueError):
    """DATABASE_URL is not a PostgreSQL URL; the message never shows it: it holds a password."""


def parse_url(written: str) -> URL:
    """Parse any form of DATABASE_URL that Heroku or PostgreSQL use. Raises BadDatabaseUrl.

    The result names our driver, and requires TLS over a network unless the URL sets `sslmode`.
    """
    try:
        url = make_url(written.strip())
    except (ArgumentError, ValueError) as error:
        raise BadDatabaseUrl(NO_URL) from error
    if url.get_backend_name() not in ("postgres", "postgresql"):
        raise BadDatabaseUrl("DATABASE_URL must begin with postgres:// or postgresql://.")
    url = url.set(drivername="postgresql+psycopg")
    _check_parameters(url)
    if "sslmode" not in url.query and not _is_local(url):
        url = url.update_query_dict({"sslmode": "require"})
    return url


def _check_parameters(url: URL) -> None:
    """Raise BadDatabaseUrl where libpq would refuse the URL; its own words may quote a password."""
    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    if unknown := [name for name in url.query if name not in known]:
        name = re.sub(r"[^\w.-]", "?", unknown[0], flags=re.ASCII)[:40]
        raise BadDatabaseUrl(f"PostgreSQL knows no parameter `{name}`: leave it out of the URL.")
    try:
        url.get_dialect()().create_connect_args(url)
    except ArgumentError as error:
        raise BadDatabaseUrl(NO_URL) from error
    if "@" in (url.host or ""):  # a password's, and what follows it would be told as the host
        raise BadDatabaseUrl(NO_URL)


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
    """A small pool of connections, and single connections outside the pool."""

    def __init__(
        self, engine: Engine, *, answer_within: float, plans_by_values: bool = False
    ) -> None:
        self._engine = engine
        self._plans_by_values = plans_by_values
        self._apart = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._answer_within = answer_within

    def by_values(self) -> Database:
        """Return the same pool, whose transactions have plans made for the values at hand.

        It is for what people ask: ranges of time, lists of one app. That takes longer to plan, and
        one statement more.
        """
        return Database(self._engine, answer_within=self._answer_within, plans_by_values=True)

    def uncached(self) -> Database:
        """Return the same pool, which keeps no compiled statements.

        It is for what is seldom said, and waited for by nobody: to compile one takes a millisecond
        or two, to keep it some 30 kB.
        """
        engine = self._engine.execution_options(compiled_cache=None)
        return Database(engine, answer_within=self._answer_within)

    def begin(self) -> AbstractContextManager[Connection]:
        """Begin a transaction: commit at the end of the block, roll back on an exception.

        What it noted by `wake` is notified as it commits.
        """
        return self._begin()

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        with self._engine.begin() as conn:
            conn.info.pop(_TOPICS, None)  # of a transaction that was rolled back
            if self._plans_by_values:
                conn.exec_driver_sql("SET LOCAL plan_cache_mode = auto")
            yield conn
            if topics := conn.info.pop(_TOPICS, None):
                _NOTIFY.rows(conn, payload=" ".join(sorted(topics)))

    def lend(self) -> AbstractContextManager[Connection]:
        """Lend a connection of the pool on which each statement is a transaction, to read a little.

        To begin and to commit would take as long as two short statements.
        """
        return self._apart.connect()

    def listen(self, channel: str) -> Watched:
        """Open a connection outside the pool that listens for notifications of a channel."""
        connection = self.connect()
        connection.execute(f"LISTEN {channel}")  # a constant of ours; LISTEN takes no parameters
        return connection

    def connect(self) -> Watched:
        """Open a connection outside the pool; each statement is a transaction."""
        # As the pool does: in a URL that is written anew, a space would become a plus.
        words, values = self._engine.dialect.create_connect_args(self._engine.url)
        return watchdog.connect(
            *words, **values, autocommit=True, answer_within=self._answer_within
        )

    def is_lent(self, conn: Connection) -> bool:
        """Return whether a pooler lends a session per transaction, so that no connection owns one.

        If there is a pooler between us and the server, ask two more connections in turn: then a
        pooler in transaction mode has reason to lend each of its sessions to both.
        """
        if not cast(Watched, conn.connection.dbapi_connection).is_pooled:
            return False
        return not self.owns_sessions()

    def owns_sessions(self) -> bool:
        """Return whether each connection keeps its session, and the limits that it set there.

        It opens two connections, and so it is for the start; `is_lent` is for whoever asks often.
        """
        with self.connect() as one, self.connect() as other:
            sessions = [each.session() for each in (one, one, other, other, one)]
            return are_own(sessions) and one.keeps_limits() and other.keeps_limits()

    def dispose(self) -> None:
        """Close every pooled connection."""
        self._engine.dispose()


def are_own(sessions: Sequence[int]) -> bool:
    """Return whether two connections, asked in the order 1, 1, 2, 2, 1, each kept their session.

    A session that is lent per transaction comes to both connections, or changes under one.
    """
    first, second, third, fourth, fifth = sessions
    return first == second == fifth and third == fourth and first != third


def open_database(
    url: str,
    *,
    pool_size: int = 2,
    answer_within: float = watchdog.ANSWER_SECONDS,
    ping_after: float = PING_AFTER_SECONDS,
) -> Database:
    """Make the pool; nothing connects before the first transaction. Raises BadDatabaseUrl.

    Call it after any fork: processes must not share connections.
    """
    engine = create_engine(
        parse_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_use_lifo=True,  # what is in use knows the statements
        hide_parameters=True,  # an error must not show what was written
    )
    put_under_watch(engine, answer_within)
    event.listen(engine.pool, "checkout", partial(_ask_for_life, ping_after))
    return Database(engine, answer_within=answer_within)


_NOTIFY = Fixed(f"SELECT pg_notify('{CHANNEL}', :payload)")


def wake(conn: Connection, topic: str) -> None:
    """Tell every process, as this transaction commits, that work of a topic may be due.

    However often it is called, a transaction notifies once; a topic is the name of a table.
    """
    conn.info.setdefault(_TOPICS, set()).add(topic)


def put_under_watch(engine: Engine, answer_within: float, *, has_limits: bool = True) -> None:
    """Make every connection of an engine a watched one."""

    def connect(_: Any, __: Any, words: tuple[str, ...], values: dict[str, Any]) -> Watched:
        return watchdog.connect(
            *words, **values, answer_within=answer_within, has_limits=has_limits
        )

    event.listen(engine, "do_connect", connect)


def _ask_for_life(ping_after: float, connection: Any, record: Any, _: object) -> None:
    """Check a pooled connection before use, so that a dead one costs only a short wait.

    A connection in steady use is not asked: what its server closed shows at the socket.
    """
    now, watched = time.monotonic(), cast(Watched, connection)
    is_idle = now - record.info.get(_USED_AT, now) > ping_after
    if (is_idle or _has_news(watched)) and not watched.is_alive():
        raise InvalidatePoolError
    record.info[_USED_AT] = now


_USED_AT = "used_at"


def _has_news(connection: Watched) -> bool:
    """Return whether something came without being asked for; mostly, it is the end."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
