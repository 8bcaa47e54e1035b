"""The audit log: who changed what and when, with the values before and after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, func, insert, or_, select

from listener.db.tables import audit_entry as table
from listener.db.tables import hold, promotion, rule, rule_target, subscription


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One change, and who made it."""

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
    """Record a change, in the transaction that makes it."""
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
    conn: Connection,
    *,
    subject: str | None = None,
    app_id: str | None = None,
    by: str | None = None,
    since: datetime | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[AuditRow]:
    """Return the changes, newest first.

    `subject` is a name or an id. `app_id` keeps changes that concern this app, as source or as
    target. `by` is an email; its case does not matter. `before` keeps what is older than the entry
    with that id.
    """
    query = select(table).order_by(table.c.id.desc()).limit(limit)
    if subject is not None:
        query = query.where((table.c.subject_id == subject) | (table.c.subject_name == subject))
    if app_id is not None:
        query = query.where(_concerns(app_id))
    if by is not None:
        query = query.where(func.lower(table.c.by) == by.lower())
    if since is not None:
        query = query.where(table.c.at >= since)
    if before is not None:
        query = query.where(table.c.id < before)
    return [
        AuditRow(*(row._mapping[name] for name in AuditRow.__dataclass_fields__))
        for row in conn.execute(query)
    ]


def _concerns(app_id: str) -> ColumnElement[bool]:
    """Match the app itself, the rules that name it, and promotions, holds and webhooks on it."""
    holds = select(cast(hold.c.id, Text)).where(
        or_(hold.c.app_id == app_id, hold.c.app_id.is_(None))
    )
    moved = or_(promotion.c.source_id == app_id, promotion.c.target_id == app_id)
    fed = select(rule_target.c.rule_id).where(rule_target.c.app_id == app_id)
    of_type: dict[str, Any] = {
        "app": [app_id],
        "hold": holds,
        "promotion": select(cast(promotion.c.id, Text)).where(moved),
        "rule": select(cast(rule.c.id, Text)).where(
            or_(rule.c.source_id == app_id, rule.c.id.in_(fed))
        ),
        "subscription": select(cast(subscription.c.id, Text)).where(
            subscription.c.app_id == app_id
        ),
    }
    return or_(
        *(
            and_(table.c.subject_type == name, table.c.subject_id.in_(ids))
            for name, ids in of_type.items()
        )
    )
