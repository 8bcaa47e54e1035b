"""Everything that is sealed, wherever it is kept: found and written anew, a few rows at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Connection, Table, select, update

from listener.db.tables import delivery, rule_service, secret

ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class EncryptedColumn:
    """A column of sealed bytes."""

    name: str
    table: Table
    column: Column[Any]


SECRETS = EncryptedColumn("secrets", secret, secret.c.sealed)
BODIES = EncryptedColumn("bodies", delivery, delivery.c.body)
SERVICES = EncryptedColumn("services", rule_service, rule_service.c.sealed)


@dataclass(frozen=True, slots=True)
class Sealed:
    """The sealed bytes of one row."""

    id: int
    content: bytes = field(repr=False)


def is_any(conn: Connection) -> bool:
    """Whether anything is sealed at all."""
    places = (SECRETS, BODIES, SERVICES)
    return any(conn.execute(select(p.table.c.id).limit(1)).first() for p in places)


def after(conn: Connection, place: EncryptedColumn, row_id: int) -> list[Sealed]:
    """The next rows behind this id."""
    query = select(place.table.c.id, place.column).where(place.table.c.id > row_id)
    rows = conn.execute(query.order_by(place.table.c.id).limit(ROWS_AT_ONCE))
    return [Sealed(*row) for row in rows]


def replace(conn: Connection, place: EncryptedColumn, old: Sealed, content: bytes) -> None:
    """Write the same thing sealed anew, unless somebody wrote meanwhile."""
    is_same = place.table.c.id == old.id, place.column == old.content
    conn.execute(update(place.table).where(*is_same).values({place.column: content}))
