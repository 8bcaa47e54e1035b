"""The runners: when each made its last round, as its process reports every few seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from listener.core.liveness import DEAD_AFTER, Runner
from listener.db.state_tables import runner as table


@dataclass(frozen=True, slots=True)
class Round:
    """How long ago a runner made its last round, and what it works on."""

    works_on: str
    idle: timedelta


def beat(conn: Connection, process: str, rounds: Mapping[str, Round]) -> None:
    """Store that a process lives, and its runners' rounds; delete rows of dead processes."""
    now = func.clock_timestamp()
    rows = [
        {
            "name": name,
            "process": process,
            "works_on": each.works_on,
            "round_at": now - literal(each.idle),
            "seen_at": now,
        }
        for name, each in rounds.items()
    ]
    statement = insert(table).values(rows)
    newer = {name: statement.excluded[name] for name in ("round_at", "seen_at")}
    conn.execute(statement.on_conflict_do_update(index_elements=["name"], set_=newer))
    conn.execute(delete(table).where(table.c.seen_at < now - literal(DEAD_AFTER)))


def leave(conn: Connection, process: str) -> None:
    """Delete the runners of a process that ends, so that nobody waits for them."""
    conn.execute(delete(table).where(table.c.process == process))


def list_(conn: Connection) -> list[Runner]:
    """Return every runner, in the order of names."""
    now: ColumnElement[datetime] = func.clock_timestamp()
    ages = (now - table.c.round_at).label("idle"), (now - table.c.seen_at).label("unseen")
    query = select(table.c.name, table.c.works_on, *ages).order_by(table.c.name)
    return [
        Runner(name=_shown(row.name), works_on=row.works_on, idle=row.idle, unseen=row.unseen)
        for row in conn.execute(query)
    ]


def _shown(name: str) -> str:
    """Return a runner's name without its host, which is not shown."""
    return ":".join(name.split(":")[-2:])
