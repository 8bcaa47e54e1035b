"""Whoever writes several promotions locks them in one order: nobody waits in a ring."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection

from listener.core.promotion import Status
from listener.db import apps, promotions, queue, waiting_promotions
from listener.db.engine import Database
from listener.db.promotions import PromotionRow
from tests.db import rows

PATIENCE = 60.0
Wave = Callable[[Connection], object]
WAVES: dict[str, Wave] = {
    "wake-all": lambda conn: waiting_promotions.reschedule_target(conn, None),
    "wake-source": lambda conn: waiting_promotions.reschedule_source(conn, "app-source"),
}


@pytest.mark.parametrize("wave", WAVES.values(), ids=WAVES.keys())
def test_whoever_ends_one_and_wakes_others_gets_along_with_a_wave_over_all(
    database: Database, wave: Wave
) -> None:
    """The end of the newer one writes its own row, and then the older one's."""
    older = rows.add(database)
    rows.set_(database, older, due_at=rows.in_seconds(3600))
    newer = rows.add(database)
    claim = rows.claimed(database)
    assert claim.key == newer.id
    has_locked, go_on = threading.Event(), threading.Event()

    def end() -> None:
        with database.begin() as conn:
            apps.lock(conn, [newer.target_id])
            waiting_promotions.lock_around(conn, newer.target_id)
            promotions.move(conn, claim, Status.SKIPPED, "Ended.")
            has_locked.set()
            assert go_on.wait(PATIENCE)
            waiting_promotions.reschedule_target(conn, newer.target_id)

    def wash() -> None:
        with database.begin() as conn:
            assert has_locked.wait(PATIENCE)
            go_on.set()
            wave(conn)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(end), pool.submit(wash)]:
            done.result()
    assert rows.get(database, newer).status is Status.SKIPPED
    assert rows.claimed(database).key == older.id


def test_all_around_a_target_is_locked_and_told_in_a_row(database: Database) -> None:
    for number in (7, 5, 9):
        rows.add(database, version=number)
    under_way = rows.add(database, status=Status.POSTING, version=3)
    with database.begin() as conn, database.begin() as other:
        (around,) = waiting_promotions.lock_around(conn, under_way.target_id)
        assert tuple(around) == (None, under_way.target_id, 5)
        free = other.exec_driver_sql("SELECT id FROM promotion FOR UPDATE SKIP LOCKED")
        assert free.all() == []


def test_many_ends_and_waves_at_once_all_get_through(database: Database) -> None:
    for _ in range(12):
        rows.add(database)
    begin = threading.Barrier(3)

    def end_all() -> int:
        begin.wait()
        ended = 0
        for _ in range(200):
            claim = rows.claim(database)
            if claim is not None:
                ended += _end(database, claim)
            elif not _left(database):
                break
        return ended

    def wash() -> int:
        begin.wait()
        for _ in range(25):
            with database.begin() as conn:
                waiting_promotions.reschedule_target(conn, None)
        return 0

    with ThreadPoolExecutor(3) as pool:
        done = [pool.submit(end_all), pool.submit(end_all), pool.submit(wash)]
        assert sum(one.result() for one in done) == 12


def _end(database: Database, claim: queue.Claim) -> int:
    try:
        with database.begin() as conn:
            apps.lock(conn, [claim.row.target_id])
            waiting_promotions.lock_around(conn, claim.row.target_id)
            row: PromotionRow = promotions.move(conn, claim, Status.SKIPPED, "Ended.")
            waiting_promotions.reschedule_target(conn, row.target_id)
    except queue.LeaseLost:
        return 0
    return 1


def _left(database: Database) -> list[PromotionRow]:
    with database.begin() as conn:
        return promotions.list_(conn, status=Status.WAITING)
