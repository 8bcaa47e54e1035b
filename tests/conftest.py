"""What every test may ask for: a database of its own, in a real PostgreSQL started for the run."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql

from listener.db.engine import Database
from listener.db.migrate import migrate
from listener.local_postgres import server
from tests.db import clean

DATABASES = count()

# A shell that starts the tests in its background has them ignore interrupts, and all they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A slow machine is no failure; pytest's own timeout ends what hangs.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# CI tries the same examples each time, so that what it says is about the change it is run for.
settings.register_profile("ci", settings.get_profile("unhurried"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "unhurried")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of the run's own server; a database of its own is what a test wants, see below."""
    with server.throwaway() as url:
        yield url


@pytest.fixture(scope="session")
def migrated(postgres: str) -> Iterator[str]:
    """The name of a migrated database that nobody uses: the mould of the tests' own."""
    with _database(postgres, "template0") as name:
        migrate(_named(postgres, name))
        yield name


@pytest.fixture
def database_url(postgres: str, migrated: str) -> Iterator[str]:
    """The URL of a migrated database with nothing in it."""
    with _database(postgres, migrated) as name:
        yield _named(postgres, name)


@pytest.fixture
def empty_database_url(postgres: str) -> Iterator[str]:
    """The URL of a database that was never migrated."""
    with _database(postgres, "template0") as name:
        yield _named(postgres, name)


@pytest.fixture(scope="session")
def shared_database(postgres: str, migrated: str) -> Iterator[tuple[str, Database]]:
    """The database of all tests that need none of their own: its URL, and a pool."""
    with clean.shared_database(postgres, migrated, "shared") as shared:
        yield shared


@pytest.fixture
def emptied(shared_database: tuple[str, Database]) -> Database:
    """The shared database with nothing in it."""
    return clean.empty(shared_database[1])


@contextmanager
def _database(server: str, template: str) -> Iterator[str]:
    """A copy of the template, dropped afterwards, whoever is still connected to it."""
    name = f"test_{next(DATABASES)}"
    create = clean.copy(name, template)
    drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(create)
        try:
            yield name
        finally:
            connection.execute(drop)


def _named(server: str, name: str) -> str:
    return server.replace("/postgres?", f"/{name}?")
