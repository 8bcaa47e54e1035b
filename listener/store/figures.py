"""Figures for whoever watches the listener: counted when asked, so that no process keeps any."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, case, func, or_, select

from listener.store import looks
from listener.store.tables import app, chore, delivery, hold, notice, promotion

_QUEUES = {
    "promotion": (promotion, promotion.c.due_at),
    "look": (app, looks.LOOKS.due),
    "chore": (chore, chore.c.due_at),
    "notice": (notice, notice.c.due_at),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """How many of what there are, and how late the work is."""

    promotions: dict[str, int]  # by status
    deliveries: dict[str, int]  # by what became of them
    open_holds: int
    lags: dict[str, float]  # seconds that the work due longest has waited, by queue


def read(conn: Connection) -> Figures:
    """Count everything now."""
    return Figures(
        promotions=_counts(conn, promotion.c.status),
        deliveries=_counts(conn, _fate()),
        open_holds=conn.execute(
            select(func.count()).select_from(hold).where(hold.c.released_at.is_(None))
        ).scalar_one(),
        lags={name: _lag(conn, name) for name in _QUEUES},
    )


def _fate() -> ColumnElement[str]:
    return case(
        (delivery.c.settled_at.is_(None), "undecided"),
        (delivery.c.outcome.startswith("not understood"), "not_understood"),
        (delivery.c.outcome.startswith("ignored"), "ignored"),
        else_="decided",
    )


def _counts(conn: Connection, by: ColumnElement[str]) -> dict[str, int]:
    label = by.label("label")
    rows = conn.execute(select(label, func.count()).group_by(label).order_by(label))
    return {name: count for name, count in rows}  # noqa: C416 - rows are no pairs to the type checker


def _lag(conn: Connection, name: str) -> float:
    table, due = _QUEUES[name]
    free = or_(table.c.lease_until.is_(None), table.c.lease_until < func.now())
    waited = func.extract("epoch", func.now() - func.min(due))
    return float(conn.execute(select(waited).where(due <= func.now(), free)).scalar_one() or 0)
