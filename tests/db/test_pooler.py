"""A pool between us and the database: in session mode it works, otherwise it is refused at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from listener.db import migrate
from listener.db.engine import are_own, open_database
from listener.db.migrate import Pooled, Unusable
from listener.db.queue import NotificationListener, notify
from tests.db.bouncer import bouncer
from tests.db.pooler import pooler
from tests.frame.processes import do, saying, settings, start

PATIENCE = 60.0


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


@pytest.mark.parametrize("shows_keys", [False, True])
def test_whoever_lends_by_turns_is_refused(empty_database_url: str, shows_keys: bool) -> None:
    """Whatever process id it shows at the start."""
    with pooler(empty_database_url, shows_keys=shows_keys) as url:
        done = do("release", {"DATABASE_URL": url})
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{migrate.POOLED}\n")


def test_whoever_forgets_the_limits_is_refused(empty_database_url: str) -> None:
    """Each connection has a session of its own here, and what it set there is gone."""
    with pooler(empty_database_url, is_lending=False) as url, pytest.raises(Pooled):
        migrate.migrate(url)


def test_options_that_a_pooler_refuses_are_named(empty_database_url: str) -> None:
    with pooler(empty_database_url) as url:
        asked = f"{url}&options=-c%20statement_timeout%3D9s"
        done = do("release", {"DATABASE_URL": asked})
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "refuses the `options` of DATABASE_URL" in done.stderr


def test_a_database_that_nobody_answers_for_is_one_sentence() -> None:
    done = do("release", {"DATABASE_URL": "postgres://ana:hush-hush@127.0.0.1:9/acme"})
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr == (
        "The database of DATABASE_URL cannot be used: connection to server at"
        ' "127.0.0.1", port 9 failed: Connection refused\n'
    )


def test_of_several_hosts_the_last_one_is_told() -> None:
    url = "postgres://ana:hush-hush@/acme?host=127.0.0.1,127.0.0.2&port=8,9&sslmode=disable"
    with pytest.raises(Unusable, match=r'at "127.0.0.2", port 9 failed: Connection refused$'):
        migrate.check_sessions(url)


def test_words_of_a_password_and_of_options_are_what_they_are(database_url: str) -> None:
    """A space in them is `%20`, and stays one for connections beside the pool."""
    asked = f"{database_url}&options=-c%20datestyle%3Dgerman&password=two%20words"
    database = open_database(asked)
    with database.connect() as alone, database.begin() as conn:
        assert alone.execute("SHOW datestyle").fetchone() == ("German, DMY",)
        assert conn.execute(text("SHOW datestyle")).scalar_one() == "German, DMY"
    database.dispose()


def test_nobody_works_through_a_pool_of_transactions(database_url: str, tmp_path: Path) -> None:
    with pooler(database_url) as url:
        worker = start("worker", settings(url), tmp_path / "log")
        try:
            saying(worker, f'event=runners_wait reason="{migrate.POOLED}"')
            assert worker.stop() == 0
        finally:
            worker.kill()


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
