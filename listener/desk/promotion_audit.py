"""What is written down of what people do with promotions."""

from __future__ import annotations

from sqlalchemy import Connection

from listener.store import audit
from listener.store.promotions import PromotionRow


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
