"""The audit service: shows what people changed; whoever makes a change writes its entry."""

from __future__ import annotations

from datetime import datetime

from listener.db import audit
from listener.db.audit import AuditRow
from listener.inventory.context import Context
from listener.services import apps as named


def list_(
    context: Context,
    *,
    subject: str | None = None,
    app: str | None = None,
    by: str | None = None,
    since: datetime | None = None,
    before: int | None = None,
    limit: int,
) -> list[AuditRow]:
    """List the entries, newest first; `subject` and `app` are a name or an id."""
    with context.database.begin() as conn:
        app_id = named.find_id(context, conn, app)
        return audit.list_entries(
            conn, subject=subject, app_id=app_id, by=by, since=since, before=before, limit=limit
        )
