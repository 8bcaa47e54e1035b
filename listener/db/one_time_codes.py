"""What is good once: codes that log a browser in, forms that were sent; known by digest only."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, literal, update
from sqlalchemy.dialects.postgresql import insert

from listener.db.tables import ticket as table

KEPT = timedelta(days=1)


def add(conn: Connection, digest: str, *, email: str, expires_at: datetime) -> None:
    """A ticket for this person, good once until then; those that expired are thrown away."""
    conn.execute(delete(table).where(table.c.expires_at < func.now() - literal(KEPT)))
    conn.execute(insert(table).values(digest=digest, email=email, expires_at=expires_at))


def take(conn: Connection, digest: str, *, now: datetime) -> str | None:
    """Whose ticket this was, which is used by now; None where it is no good any more."""
    is_good = table.c.used_at.is_(None), table.c.expires_at > now, table.c.email.is_not(None)
    statement = update(table).where(table.c.digest == digest, *is_good).values(used_at=now)
    email: str | None = conn.execute(statement.returning(table.c.email)).scalar_one_or_none()
    return email


def use(conn: Connection, digest: str, *, expires_at: datetime) -> bool:
    """Use what nobody gave out by hand; answers whether this is the first time."""
    values = {"digest": digest, "expires_at": expires_at, "used_at": func.clock_timestamp()}
    statement = insert(table).values(values).on_conflict_do_nothing()
    return conn.execute(statement.returning(table.c.digest)).first() is not None
