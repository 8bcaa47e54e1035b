"""The address at which the listener is reached, as somebody's login taught it; one at most."""

from __future__ import annotations

from sqlalchemy import Connection, func
from sqlalchemy.dialects.postgresql import insert

from listener.db.fixed import Fixed
from listener.db.state_tables import own_address as table

_FIND = Fixed("SELECT url FROM own_address")


def find(conn: Connection) -> str | None:
    """Return the address; None where none was learned."""
    row = _FIND.first(conn)
    return None if row is None else str(row.url)


def put(conn: Connection, url: str, *, by: str) -> None:
    """Store the address, in place of any that was learned before."""
    values = {"url": url, "learned_by": by, "learned_at": func.now()}
    statement = insert(table).values(id=1, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
