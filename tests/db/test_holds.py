"""Holds as rows: one detected hold a target, and who releases which."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from listener.db import holds
from listener.db.engine import CHANNEL, Database
from listener.db.holds import HoldRow
from listener.db.tables import notice
from tests.db import rows

APP, OTHER = "app-target", "app-source"


def put(database: Database, app_id: str | None = APP, **more: Any) -> HoldRow | None:
    with database.begin() as conn:
        return holds.put(conn, app_id, reason="A test.", by="ana", **more)


def open_(database: Database, app_id: str | None = APP) -> list[str]:
    with database.begin() as conn:
        return [hold.kind for hold in holds.open_(conn, app_id)]


def release(database: Database, app_id: str | None = APP) -> list[HoldRow]:
    """Release the open holds on just this app, or just those on every target."""
    with database.begin() as conn:
        ids = [hold.id for hold in holds.open_(conn) if hold.app_id == app_id]
        return holds.release(conn, ids, by="bo")


def test_one_detected_hold_is_open_on_a_target(database: Database) -> None:
    assert put(database, kind="detected") is not None
    assert put(database, kind="detected") is None
    assert put(database, OTHER, kind="detected") is not None
    assert open_(database) == ["detected"]


def test_a_released_one_may_be_followed_by_another(database: Database) -> None:
    put(database, kind="detected")
    (released,) = release(database)
    assert released.released_by == "bo"
    assert open_(database) == []
    assert put(database, kind="detected") is not None


def test_people_may_put_several(database: Database) -> None:
    put(database)
    put(database)
    put(database, kind="guard")
    assert open_(database) == ["guard", "person", "person"]


def test_a_hold_on_every_target_is_on_each(database: Database) -> None:
    put(database, None)
    assert open_(database, APP) == open_(database, OTHER) == ["person"]


def test_releasing_a_target_leaves_the_hold_on_every_target(database: Database) -> None:
    put(database)
    put(database, None)
    assert len(release(database)) == 1
    assert open_(database) == ["person"]
    assert len(release(database, None)) == 1
    assert open_(database) == []


def test_a_hold_that_is_over_is_not_open(database: Database) -> None:
    put(database)
    rows.run(database, "UPDATE hold SET ends_at = now() - interval '1 second'")
    assert open_(database) == []
    with database.begin() as conn:
        assert len(holds.list_(conn, app_id=APP)) == 1


def test_putting_and_releasing_wake_what_waits(database: Database) -> None:
    row = rows.add(database)
    for change in (put, lambda db: db):
        rows.run(database, "UPDATE promotion SET due_at = now() + interval '1 hour'")
        change(database)
        if change is not put:
            release(database)
        assert rows.claimed(database).key == row.id
        rows.expire(database)


def test_only_what_nobody_put_is_told(database: Database) -> None:
    put(database)
    put(database, kind="guard")
    put(database, kind="detected")
    put(database, kind="detected")
    with database.begin() as conn:
        titles = list(conn.execute(select(notice.c.title)).scalars())
    assert titles == ["acme-prod is on hold"] * 2


def test_what_was_released_is_not_released_again(database: Database) -> None:
    put(database)
    (first,) = release(database)
    with database.begin() as conn:
        assert holds.release(conn, [first.id], by="ana") == []
        (row,) = holds.list_(conn)
    assert row.released_by == "bo"


def test_open_pages_hear_of_a_hold_where_nothing_waits(database: Database) -> None:
    with database.listen(CHANNEL) as connection:
        put(database)
        release(database)
        heard = [note.payload for note in connection.notifies(timeout=10, stop_after=2)]
    assert heard == ["page", "page"]
