"""One-time codes: logins of a browser, and forms that were sent; only digests are stored."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, literal, update
from sqlalchemy.dialects.postgresql import insert

from listener.db.access_tables import is_of
from listener.db.access_tables import ticket as table

KEPT = timedelta(days=1)


def add(conn: Connection, digest: str, *, email: str, expires_at: datetime) -> None:
    """Store a code for this person, valid once until then; delete codes that expired a day ago."""
    conn.execute(delete(table).where(table.c.expires_at < func.now() - literal(KEPT)))
    conn.execute(insert(table).values(digest=digest, email=email, expires_at=expires_at))


def take(conn: Connection, digest: str, *, now: datetime) -> str | None:
    """Use up a code and return its person's email; None where the code is not valid."""
    is_good = table.c.used_at.is_(None), table.c.expires_at > now, table.c.email.is_not(None)
    statement = update(table).where(table.c.digest == digest, *is_good).values(used_at=now)
    email: str | None = conn.execute(statement.returning(table.c.email)).scalar_one_or_none()
    return email


def use(conn: Connection, digest: str, *, expires_at: datetime) -> bool:
    """Use up a digest that `add` never stored; return whether this is its first use."""
    values = {"digest": digest, "expires_at": expires_at, "used_at": func.clock_timestamp()}
    statement = insert(table).values(values).on_conflict_do_nothing()
    return conn.execute(statement.returning(table.c.digest)).first() is not None


def forget(conn: Connection, email: str | None) -> int:
    """Delete the codes of this person, None for everybody's, that may still be used.

    Return how many.
    """
    is_open = table.c.used_at.is_(None), table.c.expires_at > func.now()
    whose = table.c.email.is_not(None) if email is None else is_of(table, email)
    return conn.execute(delete(table).where(whose, *is_open)).rowcount
