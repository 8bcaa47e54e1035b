"""The outbox: notices to people, written in the transaction that made them true."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, func, literal, update
from sqlalchemy.dialects.postgresql import insert

from listener.db import queue
from listener.db.fixed import Fixed, values_of
from listener.db.queue import notify
from listener.db.tables import notice as table

NOTICES = queue.WorkKind(table, table.c.due_at)


def add(
    conn: Connection, kind: str, *, title: str, body: str, key: str | None = None, **about: Any
) -> None:
    """Add a notice to the outbox; a worker sends it after the commit.

    A notice with an idempotency `key` is sent once, however often it is added.
    """
    values = {"kind": kind, "title": title, "body": body, "key": key, **about}
    _adding(tuple(sorted(values))).write(conn, **values)
    notify(conn, "notice")


@cache
def _adding(names: tuple[str, ...]) -> Fixed:
    statement = insert(table).values(due_at=queue.NOW, **values_of(table, names))
    return Fixed(statement.on_conflict_do_nothing(index_elements=["key"]))


def reach(conn: Connection, claim: queue.Claim, reached: list[str]) -> None:
    """Store which services have the notice, and renew the lease for the next one."""
    queue.renew(conn, claim)
    conn.execute(update(table).where(queue.fenced(claim)).values(reached=reached))


def settle(
    conn: Connection,
    claim: queue.Claim,
    *,
    error: str | None,
    again_in: timedelta | None,
) -> None:
    """Release the claim: the notice is sent, or is tried again `again_in`, or is given up."""
    if error is None:
        times: dict[str, Any] = {"due_at": None, "sent_at": func.clock_timestamp()}
    else:
        due_at = func.clock_timestamp() + literal(again_in) if again_in is not None else None
        times = {"due_at": due_at, "attempt": claim.attempt}
    queue.write(conn, claim, error=error, **times)


def put_off(conn: Connection, claim: queue.Claim, pause: timedelta) -> None:
    """Release the claim of a notice that is not due yet; it counts as no try."""
    queue.write(conn, claim, due_at=func.clock_timestamp() + literal(pause))
