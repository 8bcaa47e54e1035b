"""Cancelling what waits: each promotion that ends so is named, and written down."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from listener.desk import promotion_audit
from listener.store import promotions
from listener.store.promotions import PromotionRow


def cancel(conn: Connection, before: PromotionRow, *, why: str, by: str) -> PromotionRow | None:
    """Cancel a waiting promotion; None where it does not wait any more."""
    after = promotions.cancel(conn, before.id, reason=why)
    if after is not None:
        promotion_audit.record(conn, by, "promotion.cancelled", before, after)
    return after


def cancel_each(
    conn: Connection, rows: Iterable[PromotionRow], *, why: str, by: str
) -> list[PromotionRow]:
    """Cancel these; those that do not wait any more are left out."""
    found = (cancel(conn, row, why=why, by=by) for row in rows)
    return [row for row in found if row is not None]
