"""All encrypted columns: find their values and replace them, a few rows at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, select, update

from listener.db.tables import delivery, rule_receiver, rule_service, secret

ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class EncryptedColumn:
    """A column of encrypted bytes."""

    name: str
    table: Table
    column: Column[Any]

    @property
    def holds(self) -> ColumnElement[bool]:
        """Match rows that hold a value: that of an old delivery is gone."""
        return self.column != b""


SECRETS = EncryptedColumn("secrets", secret, secret.c.sealed)
BODIES = EncryptedColumn("bodies", delivery, delivery.c.body)
SERVICES = EncryptedColumn("services", rule_service, rule_service.c.sealed)
RECEIVERS = EncryptedColumn("receivers", rule_receiver, rule_receiver.c.sealed)


@dataclass(frozen=True, slots=True)
class Sealed:
    """The encrypted bytes of one row."""

    id: int
    content: bytes = field(repr=False)


def is_any(conn: Connection) -> bool:
    """Return whether the database holds any encrypted value."""
    places = (SECRETS, BODIES, SERVICES, RECEIVERS)
    return any(conn.execute(select(p.table.c.id).where(p.holds).limit(1)).first() for p in places)


def after(conn: Connection, place: EncryptedColumn, row_id: int) -> list[Sealed]:
    """Return the next rows with a higher id, ROWS_AT_ONCE at most, in id order."""
    query = select(place.table.c.id, place.column).where(place.table.c.id > row_id, place.holds)
    rows = conn.execute(query.order_by(place.table.c.id).limit(ROWS_AT_ONCE))
    return [Sealed(*row) for row in rows]


def replace(conn: Connection, place: EncryptedColumn, old: Sealed, content: bytes) -> None:
    """Replace the encrypted bytes, unless somebody else changed them meanwhile."""
    is_same = place.table.c.id == old.id, place.column == old.content
    conn.execute(update(place.table).where(*is_same).values({place.column: content}))
