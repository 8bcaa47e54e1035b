"""Who wants to hear of promotions is stored once, however many processes say it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection, select, text

from listener.db import outbox
from listener.db.engine import Database
from listener.db.outbox import Channel
from listener.db.outbox_tables import outbox_channel

TOLD = Channel("events settings 0123456789abcdef")
PATIENCE_SECONDS = 60.0
WAITS = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def names(conn: Connection) -> list[str]:
    """The name of every channel that somebody wants."""
    return list(conn.execute(select(outbox_channel.c.name)).scalars())


def want(database: Database, *channels: Channel) -> list[str]:
    """Say what the settings want, as a process does that starts."""
    with database.begin() as conn:
        outbox.want(conn, channels)
        return names(conn)


def test_two_processes_that_start_together_store_one(database: Database) -> None:
    with ThreadPoolExecutor(1) as pool:
        with database.begin() as conn:
            outbox.want(conn, [TOLD])
            other = pool.submit(want, database, TOLD)
            until = time.monotonic() + PATIENCE_SECONDS
            while not (other.done() or somebody_waits(database)):
                assert time.monotonic() < until
        other.result()
    with database.begin() as conn:
        assert names(conn) == [TOLD.name]


def somebody_waits(database: Database) -> bool:
    """Whether somebody waits for another's lock."""
    with database.begin() as conn:
        return bool(conn.execute(WAITS).scalar_one())


def test_doubles_of_older_code_go(database: Database) -> None:
    with database.begin() as conn:
        conn.execute(outbox_channel.insert(), [{"name": TOLD.name}] * 2)
    assert want(database, TOLD) == [TOLD.name]
    with database.begin() as conn:
        conn.execute(outbox_channel.insert(), [{"name": TOLD.name}])
    assert want(database) == []
