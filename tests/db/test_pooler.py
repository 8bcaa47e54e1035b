"""A pool between us and the database: in session mode it works, otherwise it is refused at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from listener.db import migrate
from listener.db.engine import are_own, open_database
from listener.db.migrate import Pooled
from listener.db.queue import NotificationListener, notify
from tests.db.bouncer import bouncer
from tests.frame.processes import do

PATIENCE = 20.0


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """One that PgBouncer may read, whoever it runs as."""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    return tmp_path


@pytest.fixture
def lent(empty_database_url: str, directory: Path) -> Iterator[str]:
    """A pool that lends a session for one transaction."""
    with bouncer(empty_database_url, directory, "transaction") as url:
        yield url


@pytest.fixture
def kept(database_url: str, directory: Path) -> Iterator[str]:
    """A pool that lends a session as long as the connection lives."""
    with bouncer(database_url, directory, "session") as url:
        yield url


@pytest.mark.parametrize(
    ("sessions", "own"),
    [
        ((1, 1, 2, 2, 1), True),
        ((1, 1, 1, 1, 1), False),  # the one that was given back last is lent first
        ((1, 2, 1, 2, 1), False),  # by turns
        ((1, 1, 2, 2, 3), False),
        ((1, 1, 2, 3, 1), False),
    ],
)
def test_sessions_that_wander_are_nobodys_own(sessions: tuple[int, ...], own: bool) -> None:
    assert are_own(sessions) is own


def test_the_database_itself_is_no_pool(database_url: str) -> None:
    database = open_database(database_url)
    with database.begin() as conn:
        assert not database.is_lent(conn)
    with database.connect() as connection:
        assert not connection.is_pooled
        assert connection.prepare_threshold is not None
    database.dispose()


def test_a_pool_of_transactions_is_refused_by_migrate(lent: str) -> None:
    with pytest.raises(Pooled, match="a pool in transaction mode"):
        migrate.migrate(lent)


def test_it_is_refused_in_one_sentence(lent: str) -> None:
    done = do("release", {"DATABASE_URL": lent})
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{migrate.POOLED}\n")


def test_a_pool_of_sessions_works_whole(kept: str) -> None:
    migrate.migrate(kept)
    database = open_database(kept, pool_size=1)
    ear = NotificationListener(database)
    ear.start()
    try:
        ear.wait(0, PATIENCE)
        for _ in range(12):  # more than it takes to have a statement prepared
            heard = ear.count
            with database.begin() as conn:
                assert conn.execute(text("SHOW statement_timeout")).scalar_one() == "12s"
                assert not database.is_lent(conn)
                notify(conn)
            ear.wait(heard, PATIENCE)
            assert ear.count > heard
    finally:
        ear.stop()
        database.dispose()
