"""An undecided delivery is due by itself; storing one waits for nobody who looks at its app."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select

from listener.db import apps, deliveries, queue, sync
from listener.db.deliveries import Arrival
from listener.db.engine import Database
from listener.db.tables import delivery, subscription
from tests.db import rows
from tests.db.reading import rows_read

APP = "app-source"
NUMBERS = count(1)
LONG_AGO, FAR = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
PATIENCE_SECONDS = 60.0
MOST_READ = 20


def tell(database: Database, **more: Any) -> int:
    """A delivery about the app; answers its id."""
    key = f"d-{next(NUMBERS)}"
    values = {"app_id": APP, "url": "https://autopromote.example.com", "created_by": "ana"}
    with database.begin() as conn:
        found = conn.execute(select(subscription.c.id)).scalar_one_or_none()
        if found is None:
            made = subscription.insert().values(values).returning(subscription.c.id)
            found = conn.execute(made).scalar_one()
        arrival = Arrival(key=key, subscription_id=found, app_id=APP, body=b"sealed", **more)
        assert deliveries.add(conn, arrival)
        return int(conn.execute(select(delivery.c.id).where(delivery.c.key == key)).scalar_one())


def claim(database: Database) -> queue.Claim | None:
    with database.begin() as conn:
        return queue.claim(conn, sync.LOOKS, owner="test")


def claimed(database: Database) -> queue.Claim:
    found = claim(database)
    assert found is not None
    return found


def finish(
    database: Database, claim: queue.Claim, *told: int, again_at: datetime | None = None
) -> None:
    with database.begin() as conn:
        sync.finish(conn, claim, again_at=again_at, error=None, told=told)


def settle(database: Database, told: int) -> None:
    with database.begin() as conn:
        sync.settle(conn, {told: "ignored"})


def test_an_undecided_delivery_has_its_app_looked_at_until_it_is_settled(
    database: Database,
) -> None:
    told = tell(database)
    first = claimed(database)
    assert first.key == APP
    assert claim(database) is None
    settle(database, told)
    finish(database, first, told)
    assert claim(database) is None


def test_what_is_settled_as_it_comes_asks_for_no_look(database: Database) -> None:
    tell(database, outcome="ignored")
    assert claim(database) is None


def test_what_stays_undecided_is_due_when_the_look_comes_again(database: Database) -> None:
    told = tell(database)
    finish(database, claimed(database), told, again_at=FAR)
    assert claim(database) is None
    with database.begin() as conn:
        assert (queue.until_next(conn, [sync.LOOKS]) or 0) > 3600
    rows.run(database, "UPDATE app SET look_at = NULL")
    rows.run(database, "UPDATE delivery SET due_at = now()")
    assert claim(database) is not None


def test_a_delivery_that_arrives_during_a_look_is_due_after_it(database: Database) -> None:
    before = tell(database)
    first = claimed(database)
    tell(database)
    finish(database, first, before, again_at=FAR)
    assert claimed(database).key == APP


def test_a_look_that_broke_rests_whatever_was_told_meanwhile(database: Database) -> None:
    tell(database)
    broken = claimed(database)
    tell(database)
    with database.begin() as conn:
        queue.postpone(conn, broken, sync.LOOKS, timedelta(minutes=1))
    assert claim(database) is None
    rows.run(database, "UPDATE delivery SET due_at = now()")
    assert claimed(database).attempt == 2


def test_whoever_lost_the_lease_of_a_look_puts_nothing_off(database: Database) -> None:
    tell(database)
    late = claimed(database)
    rows.expire(database)
    claimed(database)
    with database.begin() as conn:
        queue.postpone(conn, late, sync.LOOKS, timedelta(minutes=1))
    rows.expire(database)
    assert claim(database) is not None


@pytest.mark.parametrize("holder", ["look", "claim"])
def test_storing_a_delivery_waits_for_nobody_who_holds_the_app(
    database: Database, holder: str
) -> None:
    """Heroku waits for the answer while a look holds the app's row, or is just claimed."""
    tell(database)
    with ThreadPoolExecutor(1) as pool, database.begin() as conn:
        if holder == "look":
            apps.lock(conn, [APP])
        else:
            assert queue.claim(conn, sync.LOOKS, owner="test") is not None
        pool.submit(tell, database).result(PATIENCE_SECONDS)


def test_every_process_is_told_of_the_app_once_and_not_of_what_is_settled(
    database: Database,
) -> None:
    tell(database)
    with database.begin() as conn:
        subscribed = conn.execute(select(subscription.c.id)).scalar_one()
    new = Arrival(key="new", subscription_id=subscribed, app_id=APP, body=b"sealed")
    groups = (
        [replace(new, key=f"new {number}") for number in range(3)],
        [replace(new, key="new 1")],
        [replace(new, key="settled", outcome="ignored")],
        [replace(new, key="of another", app_id="app-target")],
    )
    with database.listen("autopromote") as connection:
        for group in groups:
            with database.begin() as conn:
                deliveries.add_all(conn, group)
        heard = list(connection.notifies(timeout=PATIENCE_SECONDS, stop_after=2))
    assert [each.payload for each in heard] == [f"app:{APP}", "app:app-target"]


def test_what_code_of_before_stored_is_due_too(database: Database) -> None:
    rows.run(
        database,
        "INSERT INTO delivery (key, app_id, body) VALUES ('old', 'app-source', 'sealed')",
    )
    assert claimed(database).key == APP


def test_the_deliveries_of_an_app_are_found_however_many_others_came_since(
    database: Database,
) -> None:
    told = [tell(database) for _ in range(3)]
    rows.run(
        database,
        "INSERT INTO delivery (key, app_id, body, settled_at)"
        " SELECT 'other ' || number, 'app-target', 'sealed', now()"
        " FROM generate_series(1, 5000) AS number",
    )
    with database.lend() as conn:
        conn.exec_driver_sql("VACUUM ANALYZE delivery")
    before = rows_read(database)["delivery"]
    with database.begin() as conn:
        found = deliveries.list_(conn, app_id=APP, limit=51)
        older = deliveries.list_(conn, app_id=APP, before=told[-1], limit=51)
    assert [row.id for row in found] == told[::-1]
    assert [row.id for row in older] == told[-2::-1]
    assert 0 < rows_read(database)["delivery"] - before < MOST_READ
