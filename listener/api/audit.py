"""Audit entries: who changed what, when, from what to what."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from listener.api import fields
from listener.api.answers import Answer, Time, returns_list
from listener.api.auth import needs
from listener.api.services import context
from listener.db.audit import AuditRow
from listener.roles import Role
from listener.services import audit

bp = Blueprint("audit", __name__, url_prefix="/api/audit-entries")


class Subject(Answer):
    """What was changed."""

    type: str
    id: str
    name: str | None


class AuditEntry(Answer):
    """Who changed what, when, from what to what."""

    id: str
    at: Time
    by: str
    action: str
    subject: Subject
    before: Any
    after: Any

    @classmethod
    def of(cls, row: AuditRow) -> AuditEntry:
        """Return an audit entry."""
        return cls(
            id=str(row.id),
            at=row.at,
            by=row.by,
            action=row.action,
            subject=Subject(type=row.subject_type, id=row.subject_id, name=row.subject_name),
            before=row.before,
            after=row.after,
        )


@bp.get("")
@needs(Role.ADMIN)
@returns_list(AuditEntry, queries=("subject", "app", "by", "since", "limit"))
def list_() -> list[AuditEntry]:
    """Return the audit entries, newest first."""
    found = audit.list_(
        context(),
        subject=fields.text("subject"),
        app=fields.text("app"),
        by=fields.text("by"),
        since=fields.moment("since"),
        limit=fields.limit(),
    )
    return [AuditEntry.of(row) for row in found]
