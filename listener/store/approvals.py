"""Approvals: who said yes or no to a promotion, for the very release and slug that it brings."""

from __future__ import annotations

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from listener.decision import Approval
from listener.store.promotions import PromotionRow
from listener.store.tables import approval as table


def of(conn: Connection, row: PromotionRow) -> tuple[Approval, ...]:
    """What people said of this promotion as it is, oldest first."""
    c = table.c
    query = (
        select(c.by, c.created_at, c.is_approved, c.reason)
        .where(c.promotion_id == row.id)
        .where(c.release_id == row.release_id, c.artifact == row.artifact)
        .order_by(c.id)
    )
    return tuple(Approval(*found) for found in conn.execute(query))


def put(
    conn: Connection, row: PromotionRow, *, by: str, is_approved: bool, reason: str | None
) -> None:
    """Write down what a person says of it; the last word of each counts."""
    said = {
        "release_id": row.release_id,
        "artifact": row.artifact,
        "is_approved": is_approved,
        "reason": reason,
        "created_at": func.clock_timestamp(),
    }
    statement = insert(table).values(promotion_id=row.id, by=by, **said)
    conn.execute(statement.on_conflict_do_update(index_elements=["promotion_id", "by"], set_=said))
