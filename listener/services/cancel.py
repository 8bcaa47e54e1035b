"""Cancels waiting promotions, and leaves audit entries about promotions."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from listener.db import audit, waiting_promotions
from listener.db.promotions import PromotionRow


def record(
    conn: Connection, by: str, action: str, before: PromotionRow, after: PromotionRow
) -> None:
    """Leave an audit entry about a promotion."""
    audit.record(
        conn,
        by=by,
        action=action,
        subject_type="promotion",
        subject_id=str(after.id),
        before={"status": before.status, "reason": before.reason},
        after={"status": after.status, "reason": after.reason},
    )


def cancel(conn: Connection, before: PromotionRow, *, why: str, by: str) -> PromotionRow | None:
    """Cancel a waiting promotion; None where it does not wait any more."""
    after = waiting_promotions.cancel(conn, before.id, reason=why)
    if after is not None:
        record(conn, by, "promotion.cancelled", before, after)
    return after


def cancel_each(
    conn: Connection, rows: Iterable[PromotionRow], *, why: str, by: str
) -> list[PromotionRow]:
    """Cancel these promotions; return those that were still waiting."""
    found = (cancel(conn, row, why=why, by=by) for row in rows)
    return [row for row in found if row is not None]
