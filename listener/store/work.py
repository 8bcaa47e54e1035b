"""Claims, leases and fences: who may act on a row, for how long, and whose late write fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    and_,
    func,
    literal,
    or_,
    select,
    true,
    update,
)

LEASE = timedelta(seconds=30)


class LeaseLost(Exception):
    """Somebody else acts on the row by now: write nothing, the row is in good hands."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """Work of one kind: its rows, what says when, and which of them this code knows.

    Where more than a column of the row says when, `put_off` writes it for the row of a key.
    """

    table: Table
    due: ColumnElement[Any]
    known: ColumnElement[bool] = field(default_factory=true)
    put_off: Callable[[Connection, Any, ColumnElement[datetime]], None] | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to act on one row, as long as its fence stands."""

    table: Table
    key: Any
    fence: int
    attempt: int
    claimed_at: datetime  # by the database's clock
    row: Row[Any]
    status: str | None = None  # the status read, where rows have one


def _key(table: Table) -> ColumnElement[Any]:
    return next(iter(table.primary_key.columns))


def claim(conn: Connection, kind: Kind, *, owner: str) -> Claim | None:
    """Claim the row that is due longest and has no live lease, in one statement."""
    table, key = kind.table, _key(kind.table)
    free = or_(table.c.lease_until.is_(None), table.c.lease_until < func.now())
    due_row = (
        select(key)
        .where(kind.due <= func.now(), free, kind.known)
        .order_by(kind.due)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
        .cte("due_row")
    )
    statement = (
        update(table)
        .where(key == select(due_row.c[key.name]).scalar_subquery())
        .values(
            lease_owner=owner,
            lease_until=func.now() + literal(LEASE),
            fence=table.c.fence + 1,
            attempt=table.c.attempt + 1,
        )
        .returning(*table.c, func.clock_timestamp().label("claimed_at"))
    )
    row = conn.execute(statement).one_or_none()
    if row is None:
        return None
    status = row._mapping.get("status")
    return Claim(table, row._mapping[key.name], row.fence, row.attempt, row.claimed_at, row, status)


def fenced(claim: Claim) -> ColumnElement[bool]:
    """The condition of every write of a lease holder."""
    condition = and_(_key(claim.table) == claim.key, claim.table.c.fence == claim.fence)
    if claim.status is not None:
        condition = and_(condition, claim.table.c.status == claim.status)
    return condition


def write(conn: Connection, claim: Claim, **values: Any) -> None:
    """Write what came of a step and hand the row back. Raises LeaseLost."""
    values = {"lease_owner": None, "lease_until": None, "attempt": 0, **values}
    if conn.execute(update(claim.table).where(fenced(claim)).values(values)).rowcount == 0:
        raise LeaseLost


def renew(conn: Connection, claim: Claim) -> None:
    """Keep the row for another lease, as long as this one lives. Raises LeaseLost."""
    is_live = claim.table.c.lease_until > func.clock_timestamp()
    values = {"lease_until": func.clock_timestamp() + literal(LEASE)}
    statement = update(claim.table).where(fenced(claim), is_live).values(values)
    if conn.execute(statement).rowcount == 0:
        raise LeaseLost


def postpone(conn: Connection, claim: Claim, kind: Kind, pause: timedelta) -> None:
    """After an unexpected error: hand the row back for later; its count of attempts stays."""
    due_at = func.now() + literal(pause)
    values: dict[Any, Any] = {"lease_owner": None, "lease_until": None}
    if kind.put_off is None:
        values[kind.due.key] = due_at
    is_ours = conn.execute(update(claim.table).where(fenced(claim)).values(values)).rowcount
    if is_ours and kind.put_off is not None:
        kind.put_off(conn, claim.key, due_at)


def until_next(conn: Connection, kinds: Iterable[Kind]) -> float | None:
    """Seconds until work of these kinds is due, 0 if some is already; None where there is none."""
    moments = [
        select(func.min(func.greatest(kind.due, kind.table.c.lease_until)))
        .where(kind.due.is_not(None), kind.known)
        .scalar_subquery()
        for kind in kinds
    ]
    soonest = select(func.extract("epoch", func.least(*moments) - func.clock_timestamp()))
    seconds: Any = conn.execute(soonest).scalar_one()
    return max(float(seconds), 0.0) if seconds is not None else None
