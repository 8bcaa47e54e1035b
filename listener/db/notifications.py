"""The outbox: what people are to be told, written in the transaction that made it true."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, func, literal, update
from sqlalchemy.dialects.postgresql import insert

from listener.db import queue
from listener.db.queue import notify
from listener.db.tables import notice as table

NOTICES = queue.Kind(table, table.c.due_at)


def add(
    conn: Connection, kind: str, *, title: str, body: str, key: str | None = None, **about: Any
) -> None:
    """Have people told; it is sent after the commit, by whoever claims it.

    With a key it is told once, however often it is true.
    """
    now = func.clock_timestamp()
    values = {"kind": kind, "title": title, "body": body, "key": key, "due_at": now, **about}
    conn.execute(insert(table).values(values).on_conflict_do_nothing(index_elements=["key"]))
    notify(conn)


def reach(conn: Connection, claim: queue.Claim, reached: list[str]) -> None:
    """Write at once which services have the notice, and keep the claim for the next one."""
    queue.renew(conn, claim)
    conn.execute(update(table).where(queue.fenced(claim)).values(reached=reached))


def settle(
    conn: Connection,
    claim: queue.Claim,
    *,
    error: str | None,
    again_in: timedelta | None,
) -> None:
    """Hand the notice back: sent, or with an error to be tried again, or given up."""
    if error is None:
        times: dict[str, Any] = {"due_at": None, "sent_at": func.clock_timestamp()}
    else:
        due_at = func.clock_timestamp() + literal(again_in) if again_in is not None else None
        times = {"due_at": due_at, "attempt": claim.attempt}
    queue.write(conn, claim, error=error, **times)
