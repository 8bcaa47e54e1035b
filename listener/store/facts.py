"""Single facts worth remembering: whether Heroku echoes descriptions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from listener.store.tables import fact as table

ECHOES = "echoes_description"  # whether releases show the description they were made with


def get(conn: Connection, name: str) -> Any:
    """The fact's value; None where it is not known."""
    return conn.execute(select(table.c.value).where(table.c.name == name)).scalar_one_or_none()


def put(conn: Connection, name: str, value: Any) -> None:
    """Remember a fact."""
    statement = insert(table).values(name=name, value=value)
    changed = {"value": value, "updated_at": func.clock_timestamp()}
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_=changed,
            where=table.c.value.is_distinct_from(statement.excluded.value),
        )
    )
