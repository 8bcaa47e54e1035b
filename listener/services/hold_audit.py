"""Audit entries about holds that people put and release."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from listener.db import audit
from listener.services.views import HoldView


def record(conn: Connection, by: str, action: str, view: HoldView) -> None:
    """Leave an audit entry about a hold."""
    row = view.row
    state: dict[str, Any] = {
        "app": row.app_id,
        "except": row.but,
        "kind": row.kind,
        "reason": row.reason,
        "by": row.by,
        "from": row.starts_at.isoformat() if row.starts_at else None,
        "until": row.ends_at.isoformat() if row.ends_at else None,
    }
    is_new = row.released_at is None
    audit.record(
        conn,
        by=by,
        action=action,
        subject_type="hold",
        subject_id=str(row.id),
        subject_name=view.app_name or "every target",
        before=None if is_new else state,
        after=state if is_new else None,
    )
