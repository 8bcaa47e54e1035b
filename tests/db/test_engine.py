"""The database's door: every form of DATABASE_URL, TLS over networks, short waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, literal, select, text
from sqlalchemy.engine.interfaces import CacheStats
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from listener.db.engine import BadDatabaseUrl, Database, open_database, parse_url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with a pool of one."""
    opened = open_database(database_url, pool_size=1)
    yield opened
    opened.dispose()


@pytest.mark.parametrize(
    ("given", "host", "password", "sslmode"),
    [
        ("postgres://ana:pw@db.example.com:5432/acme", "db.example.com", "pw", "require"),
        ("postgresql://ana:pw@db.example.com/acme", "db.example.com", "pw", "require"),
        ("postgresql+psycopg2://ana:pw@db.example.com/acme", "db.example.com", "pw", "require"),
        (" postgres://ana:pw@db.example.com/acme\n", "db.example.com", "pw", "require"),
        ("postgres://ana:p%40s%25%2Fs@db.example.com/acme", "db.example.com", "p@s%/s", "require"),
        ("postgres://ana:pw@10.0.0.7/acme", "10.0.0.7", "pw", "require"),
        (
            "postgres://ana:pw@db.example.com/acme?sslmode=disable",
            "db.example.com",
            "pw",
            "disable",
        ),
        (
            "postgres://ana:pw@db.example.com/acme?sslmode=verify-full",
            "db.example.com",
            "pw",
            "verify-full",
        ),
        ("postgres://ana:pw@localhost/acme", "localhost", "pw", None),
        ("postgres://ana:pw@127.0.0.1:6543/acme", "127.0.0.1", "pw", None),
        ("postgres://ana:pw@[::1]/acme", "::1", "pw", None),
    ],
)
def test_every_form_of_url_is_understood(
    given: str, host: str, password: str, sslmode: str | None
) -> None:
    url = parse_url(given)

    assert url.drivername == "postgresql+psycopg"
    assert (url.host, url.password, url.query.get("sslmode")) == (host, password, sslmode)
    assert (url.username, url.database) == ("ana", "acme")


@pytest.mark.parametrize(
    "given", ["postgresql://postgres:@/postgres?host=/var/run/pg", "postgres:///postgres"]
)
def test_a_socket_needs_no_tls(given: str) -> None:
    assert "sslmode" not in parse_url(given).query


@pytest.mark.parametrize(
    "given", ["", "hush", "mysql://ana:hush@host/db", "postgres//ana:hush@h/d"]
)
def test_anything_else_is_refused_without_showing_it(given: str) -> None:
    with pytest.raises(BadDatabaseUrl) as raised:
        parse_url(given)
    assert "hush" not in str(raised.value)


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.begin() as conn:
            conn.execute(text("INSERT INTO fact (name, value) VALUES ('a', '1')"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.begin() as conn:
        assert conn.execute(text("SELECT count(*) FROM fact")).scalar_one() == 0


def test_waiting_for_a_connection_ends(database: Database) -> None:
    with database.begin(), pytest.raises(PoolTimeout), database.begin():
        pass


def test_what_was_written_is_in_no_error(database: Database) -> None:
    statement = text("SELECT 1 FROM nowhere WHERE :value = ''")
    with pytest.raises(ProgrammingError) as raised, database.begin() as conn:
        conn.execute(statement, {"value": "hush"})
    assert "hush" not in str(raised.value)


def test_a_database_that_is_away_is_said_on_use() -> None:
    database = open_database("postgres://ana:pw@127.0.0.1:9/acme")
    with pytest.raises(OperationalError), database.begin():
        pass
    database.dispose()


def test_statements_and_locks_end_by_themselves(database: Database) -> None:
    with database.begin() as conn:
        limits = {
            name: conn.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        }
    assert "0" not in limits.values()


def test_a_listener_hears_what_is_committed(database: Database) -> None:
    with database.listen("autopromote") as connection:
        with database.begin() as conn:
            conn.execute(text("NOTIFY autopromote"))
        heard = list(connection.notifies(timeout=10, stop_after=1))
    assert [note.channel for note in heard] == ["autopromote"]


def test_what_is_seldom_said_is_compiled_each_time_and_kept_nowhere(database: Database) -> None:
    statement = select(literal("seldom"), func.pg_backend_pid())

    def ask(asked: Database) -> tuple[int, bool]:
        with asked.begin() as conn:
            result: Any = conn.execute(statement)
            return result.one()[1], result.context.cache_hit is CacheStats.CACHE_HIT

    asked = database.uncached(), database.uncached(), database, database
    sessions, were_kept = zip(*map(ask, asked), strict=True)
    assert len(set(sessions)) == 1
    assert were_kept == (False, False, False, True)
