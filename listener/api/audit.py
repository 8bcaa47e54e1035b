"""Audit entries: who changed what, when, from what to what."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from listener.api import fields, shapes
from listener.api.auth import needs
from listener.api.services import services
from listener.db.audit import AuditRow
from listener.roles import Role

bp = Blueprint("audit", __name__, url_prefix="/api/audit-entries")


@bp.get("")
@needs(Role.VIEWER)
def list_() -> ResponseReturnValue:
    """Return the audit entries, newest first."""
    found = services().journal.list_(
        subject=fields.text("subject"),
        app=fields.text("app"),
        by=fields.text("by"),
        since=fields.moment("since"),
        limit=fields.limit(),
    )
    return jsonify([_shape(row) for row in found])


def _shape(row: AuditRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "at": shapes.time(row.at),
        "by": row.by,
        "action": row.action,
        "subject": {"type": row.subject_type, "id": row.subject_id, "name": row.subject_name},
        "before": row.before,
        "after": row.after,
    }
