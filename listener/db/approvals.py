"""Approvals: who said yes or no to a promotion, for exactly its release and slug."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ARRAY, BigInteger, Connection, any_, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from listener.core.gates.base import Approval
from listener.db.fixed import Fixed, value
from listener.db.promotions import PromotionRow
from listener.db.tables import approval as table


def of(conn: Connection, row: PromotionRow) -> tuple[Approval, ...]:
    """Return the votes on this promotion with its present release and slug, oldest first."""
    return of_each(conn, [row])[row.id]


def of_each(conn: Connection, rows: Sequence[PromotionRow]) -> dict[int, tuple[Approval, ...]]:
    """Return the votes on each promotion, by its id, oldest first; as `of` does for one."""
    brought = {row.id: (row.release_id, row.artifact) for row in rows}
    said: dict[int, list[Approval]] = {row.id: [] for row in rows}
    for found in _OF_EACH.rows(conn, ids=list(brought)):
        if (found.release_id, found.artifact) == brought[found.promotion_id]:
            approval = Approval(found.by, found.created_at, found.is_approved, found.reason)
            said[found.promotion_id].append(approval)
    return {promotion_id: tuple(each) for promotion_id, each in said.items()}


_OF_EACH = Fixed(
    select(table)
    .where(table.c.promotion_id == any_(value("ids", ARRAY(BigInteger))))
    .order_by(table.c.created_at, table.c.id)
)


def put(
    conn: Connection, row: PromotionRow, *, by: str, is_approved: bool, reason: str | None
) -> None:
    """Store a person's vote; it replaces an earlier vote of the same person."""
    said = {
        "release_id": row.release_id,
        "artifact": row.artifact,
        "is_approved": is_approved,
        "reason": reason,
        "created_at": func.clock_timestamp(),
    }
    statement = insert(table).values(promotion_id=row.id, by=by, **said)
    conn.execute(statement.on_conflict_do_update(index_elements=["promotion_id", "by"], set_=said))


def ask_anew(conn: Connection, row: PromotionRow) -> None:
    """Delete all votes if one of them is a no; keep them if all are yes."""
    if not all(each.is_approved for each in of(conn, row)):
        conn.execute(delete(table).where(table.c.promotion_id == row.id))
