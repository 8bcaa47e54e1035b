"""Walls: links that show the lanes of some apps without a login.

A text that is signed names a row, and shows nothing without it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from listener.db.access_tables import wall as table
from listener.db.fixed import Fixed, value

KEPT = timedelta(days=90)  # what ended


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWall:
    """A wall to be."""

    id: str
    name: str
    app_ids: Collection[str]
    shows_names: bool
    made_by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class WallRow:
    """A wall as stored."""

    id: str
    name: str
    app_ids: list[str]
    shows_names: bool  # of authors
    made_by: str
    created_at: datetime
    expires_at: datetime
    removed_at: datetime | None
    removed_by: str | None


def add(conn: Connection, new: NewWall) -> WallRow | None:
    """Store a wall; None where there is one of that name. Delete those that ended long ago."""
    over = func.coalesce(table.c.removed_at, table.c.expires_at)
    conn.execute(delete(table).where(over < func.now() - literal(KEPT)))
    free = table.c.name == new.name, table.c.removed_at.is_(None), table.c.expires_at <= func.now()
    conn.execute(update(table).where(*free).values(removed_at=table.c.expires_at))
    values = {name: getattr(new, name) for name in NewWall.__dataclass_fields__}
    values["app_ids"] = list(new.app_ids)
    statement = insert(table).values(values).on_conflict_do_nothing().returning(table)
    row = conn.execute(statement).first()
    return None if row is None else _row(row)


def find(conn: Connection, id: str) -> WallRow | None:
    """Return the wall with this id; None where there is none, or it ended."""
    row = _FIND.first(conn, id=id)
    return None if row is None else _row(row)


def live(conn: Connection) -> list[WallRow]:
    """Return the walls that have not ended, by name."""
    query = select(table).where(*_is_good()).order_by(table.c.name)
    return [_row(row) for row in conn.execute(query)]


def remove(conn: Connection, id: str, *, by: str) -> bool:
    """End a wall; return whether it was there until now."""
    values = {"removed_at": func.now(), "removed_by": by}
    statement = update(table).where(table.c.id == id, *_is_good()).values(values)
    return conn.execute(statement).rowcount == 1


def _is_good() -> tuple[ColumnElement[bool], ...]:
    return table.c.removed_at.is_(None), table.c.expires_at > func.now()


_FIND = Fixed(select(table).where(table.c.id == value("id", Text), *_is_good()))


def _row(row: Any) -> WallRow:
    return WallRow(*(getattr(row, name) for name in WallRow.__dataclass_fields__))
