"""A database host that fell silent without a word: nothing waits for it for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from listener.db import watchdog
from listener.db.engine import Database, open_database
from listener.db.fixed import Fixed
from listener.db.queue import NotificationListener, notify
from tests.db.silence import SilentWay, silent_way

PATIENCE = 60.0
SOON = 2.0  # a database that lives answers by then, on a slow machine too


@pytest.fixture
def way(database_url: str) -> Iterator[SilentWay]:
    """A way that still speaks."""
    with silent_way(database_url) as made:
        yield made


@pytest.fixture
def far(way: SilentWay) -> Iterator[Database]:
    """The database by this way, with a pool of one."""
    opened = open_database(way.url, pool_size=1, answer_within=SOON, ping_after=0.0)
    yield opened
    opened.dispose()


def test_no_statement_waits_longer_than_fifteen_seconds_unless_said(way: SilentWay) -> None:
    with watchdog.connect(way.url) as connection:
        assert connection.answer_within == 15.0
        limit = connection.execute("SHOW statement_timeout").fetchone()
    assert limit == ("12s",)  # a server that lives comes first, and the connection stays


@pytest.mark.parametrize(
    "say", [lambda conn: conn.execute(text("SELECT 1")), Fixed("SELECT 1").first]
)
def test_a_statement_that_gets_no_answer_is_given_up(
    way: SilentWay, far: Database, say: Callable[[Connection], object]
) -> None:
    def ask() -> None:
        with far.begin() as conn:
            way.fall_silent()
            say(conn)

    begun = time.monotonic()
    with pytest.raises(OperationalError, match="did not answer within"):
        ask()
    assert time.monotonic() - begun < PATIENCE


def test_a_commit_that_gets_no_answer_is_given_up(way: SilentWay, far: Database) -> None:
    def write() -> None:
        with far.begin() as conn:
            conn.execute(text("INSERT INTO fact (name, value) VALUES ('a', '1')"))
            way.fall_silent()

    with pytest.raises(OperationalError, match="did not answer within"):
        write()


def test_what_fell_silent_in_the_pool_is_replaced_before_it_is_used(
    way: SilentWay, far: Database
) -> None:
    with far.begin() as conn:
        conn.execute(text("SELECT 1"))
    way.fall_silent()
    with far.begin() as conn:
        assert conn.execute(text("SELECT 1")).scalar_one() == 1
    assert way.carried == 2


def test_a_host_that_answers_no_new_connection_is_given_up(way: SilentWay, far: Database) -> None:
    way.fall_silent(for_all=True)
    with pytest.raises(OperationalError), far.begin():
        pass


def test_an_idle_ear_notices_that_nobody_is_there_and_listens_again(
    way: SilentWay, far: Database
) -> None:
    ear = NotificationListener(far, pulse_seconds=SOON)
    ear.start()
    try:
        ear.wait(0, PATIENCE)
        assert way.carried == 1
        heard = ear.count
        way.fall_silent()
        ear.wait(heard, PATIENCE)  # it wakes whoever waits once it listens again
        assert way.carried == 2
        heard = ear.count
        with far.begin() as conn:
            notify(conn)
        ear.wait(heard, PATIENCE)
        assert ear.count > heard
    finally:
        ear.stop()


def test_an_ear_outlives_a_pulse_that_breaks(far: Database) -> None:
    beaten = threading.Semaphore(0)

    def break_it() -> None:
        beaten.release()
        raise ValueError("a bug of ours")

    ear = NotificationListener(far, pulse=break_it, pulse_seconds=0)
    ear.start()
    try:
        assert beaten.acquire(timeout=PATIENCE)
        assert beaten.acquire(timeout=PATIENCE)
    finally:
        ear.stop()
