"""Who changed what, when, from what to what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from listener.db.tables import audit_entry as table


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One change, by whom."""

    id: int
    at: datetime
    by: str
    action: str
    subject_type: str
    subject_id: str
    subject_name: str | None
    before: Any
    after: Any


def record(
    conn: Connection,
    *,
    by: str,
    action: str,
    subject_type: str,
    subject_id: str,
    subject_name: str | None = None,
    before: Any = None,
    after: Any = None,
) -> None:
    """Write down a change, in the transaction that makes it."""
    values = {
        "by": by,
        "action": action,
        "subject_type": subject_type,
        "subject_id": subject_id,
        "subject_name": subject_name,
        "before": before,
        "after": after,
    }
    conn.execute(insert(table).values(values))


def list_entries(
    conn: Connection, *, subject: str | None = None, limit: int = 100
) -> list[AuditRow]:
    """The changes, newest first; with a subject, those of what has this name or id."""
    query = select(table).order_by(table.c.id.desc()).limit(limit)
    if subject is not None:
        query = query.where((table.c.subject_id == subject) | (table.c.subject_name == subject))
    return [
        AuditRow(*(row._mapping[name] for name in AuditRow.__dataclass_fields__))
        for row in conn.execute(query)
    ]
