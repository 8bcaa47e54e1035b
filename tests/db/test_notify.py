"""Wake-ups: heard when the transaction that made work due commits, and only then."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from listener.db.engine import Database
from listener.db.queue import PAGE, NotificationListener, notify
from listener.inventory.changes import Changes

PATIENCE = 60.0


@pytest.fixture
def ear(database: Database) -> Iterator[NotificationListener]:
    """Somebody who listens already."""
    listening = NotificationListener(database)
    listening.start()
    listening.wait(0, PATIENCE)  # the first wake-up says that it listens
    yield listening
    listening.stop()


def test_a_commit_is_heard(database: Database, ear: NotificationListener) -> None:
    heard = ear.count
    with database.begin() as conn:
        notify(conn)
        assert ear.count == heard
    ear.wait(heard, PATIENCE)
    assert ear.count > heard


def test_what_is_rolled_back_is_not_heard(database: Database, ear: NotificationListener) -> None:
    heard = ear.count
    with suppress(ZeroDivisionError), database.begin() as conn:
        notify(conn)
        raise ZeroDivisionError
    ear.wait(heard, 0.1)
    assert ear.count == heard


def test_a_wake_up_before_the_wait_is_not_missed(
    database: Database, ear: NotificationListener
) -> None:
    heard = ear.count
    with database.begin() as conn:
        notify(conn)
    ear.wait(heard, PATIENCE)
    waiter = threading.Thread(target=ear.wait, args=(heard, PATIENCE))
    waiter.start()
    waiter.join(PATIENCE / 2)
    assert not waiter.is_alive()


def test_a_connection_that_is_cut_is_made_anew(
    database: Database, ear: NotificationListener
) -> None:
    heard = ear.count
    with database.begin() as conn:
        conn.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE 'LISTEN%%' AND datname = current_database()"
        )
    ear.wait(heard, PATIENCE)  # whatever was notified while it was deaf
    heard = ear.count
    with database.begin() as conn:
        notify(conn)
    ear.wait(heard, PATIENCE)
    assert ear.count > heard


def test_stopping_wakes_whoever_waits(database: Database) -> None:
    listening = NotificationListener(database)
    listening.start()
    listening.wait(0, PATIENCE)
    waiter = threading.Thread(target=listening.wait, args=(listening.count, PATIENCE))
    waiter.start()
    listening.stop()
    waiter.join(PATIENCE / 2)
    assert not waiter.is_alive()


def test_what_is_for_pages_alone_wakes_nobody(database: Database) -> None:
    heard, changes = threading.Semaphore(0), Changes()

    def hear() -> None:
        changes.heard()
        heard.release()

    listening = NotificationListener(database, heard=hear)
    listening.start()
    assert heard.acquire(timeout=PATIENCE)
    woken, known = listening.count, changes.number
    with database.begin() as conn:
        notify(conn, PAGE)
    assert heard.acquire(timeout=PATIENCE)
    assert (listening.count, changes.number) == (woken, known + 1)

    with database.begin() as conn:
        notify(conn, PAGE)
        notify(conn, "promotion")
    assert heard.acquire(timeout=PATIENCE)
    assert (listening.count, changes.number) == (woken + 1, known + 2)
    assert "promotion" in listening.take()
    listening.stop()
