"""Holds: a target, or every target, stands still until a person releases it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from listener.decision import Hold
from listener.store import notices
from listener.store.promotions import wake_target
from listener.store.tables import app
from listener.store.tables import hold as table


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A hold as it stands; without an app it is on every target."""

    id: int
    app_id: str | None
    kind: str  # person, detected, guard
    reason: str
    by: str
    starts_at: datetime | None
    ends_at: datetime | None
    created_at: datetime
    released_at: datetime | None
    released_by: str | None

    @property
    def value(self) -> Hold:
        """What the hold gate needs of it."""
        return Hold(self.reason, self.by, self.starts_at, self.ends_at)


_FIELDS = tuple(HoldRow.__dataclass_fields__)


def _row(row: Row[Any]) -> HoldRow:
    return HoldRow(**{name: row._mapping[name] for name in _FIELDS})


def put(
    conn: Connection,
    app_id: str | None,
    *,
    reason: str,
    by: str,
    kind: str = "person",
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> HoldRow | None:
    """Put a hold; the caller holds the app's lock. None where a detected one stands already."""
    statement = (
        insert(table)
        .values(
            app_id=app_id, kind=kind, reason=reason, by=by, starts_at=starts_at, ends_at=ends_at
        )
        .on_conflict_do_nothing()
        .returning(table)
    )
    row = conn.execute(statement).one_or_none()
    if row is None:
        return None
    wake_target(conn, app_id)
    if kind != "person":
        name = _name(conn, app_id)
        notices.add(
            conn,
            "held",
            title=f"{name} is on hold",
            body=f"{reason}\nNothing is promoted to {name} until somebody runs"
            f" `autopromote holds:release -a {name}`.",
            hold_id=row.id,
        )
    return _row(row)


def _name(conn: Connection, app_id: str | None) -> str:
    name = conn.execute(select(app.c.name).where(app.c.id == app_id)).scalar_one_or_none()
    return name or "every target"


def open_(conn: Connection, app_id: str | None = None) -> list[HoldRow]:
    """The holds that are not released and not over, in force or to come, newest first.

    With an app: those on it and those on every target.
    """
    query = (
        select(table)
        .where(table.c.released_at.is_(None))
        .where(or_(table.c.ends_at.is_(None), table.c.ends_at > func.now()))
        .order_by(table.c.id.desc())
    )
    if app_id is not None:
        query = query.where(or_(table.c.app_id == app_id, table.c.app_id.is_(None)))
    return [_row(row) for row in conn.execute(query)]


def app_of(conn: Connection, hold_id: int) -> str | None:
    """The app that a hold is on; None where it is on every target."""
    query = select(table.c.app_id).where(table.c.id == hold_id)
    app_id: str | None = conn.execute(query).scalar_one_or_none()
    return app_id


def list_(conn: Connection, *, app_id: str | None = None, limit: int = 100) -> list[HoldRow]:
    """All holds, released ones too, newest first."""
    query = select(table).order_by(table.c.id.desc()).limit(limit)
    if app_id is not None:
        query = query.where(or_(table.c.app_id == app_id, table.c.app_id.is_(None)))
    return [_row(row) for row in conn.execute(query)]


def release(conn: Connection, app_id: str | None, *, by: str) -> list[HoldRow]:
    """Release the open holds on this app (None: those on every target) and wake what waits."""
    same = table.c.app_id == app_id if app_id is not None else table.c.app_id.is_(None)
    statement = (
        update(table)
        .where(same, table.c.released_at.is_(None))
        .values(released_at=func.clock_timestamp(), released_by=by)
        .returning(table)
    )
    rows = [_row(row) for row in conn.execute(statement)]
    wake_target(conn, app_id)
    return rows
