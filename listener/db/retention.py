"""Delete what nobody asks about any more, some rows of a table at a time.

Never deleted: posts with their nonces, releases, promotions, holds, rules and their revisions, for
what is promoted next is decided by them. What is deleted here decides nothing: deliveries that are
settled, events of promotions that ended, what was told of these, notices that were sent, checks of
commits that nobody waits for, and audit entries if asked. Of what shipped with promotions that
ended, the commits go, and how many there were stays.

Each table is gone through by id, from where the last call stopped, and then from the beginning: so
a call reads `most` rows however many are kept, and rows that stay for long stop nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from listener.core.promotion import UNFINISHED
from listener.db import apps
from listener.db.commit_tables import commit_check, comparison, shipment
from listener.db.outbox import DEPLOYMENT
from listener.db.state_tables import trouble
from listener.db.tables import audit_entry, delivery, notice, outbox, promotion, promotion_event

# A settled delivery's body is kept for as long as somebody may look into what went wrong.
BODY_FOR = timedelta(days=7)
NO_BODY = b""
_CURSORS = "retention"  # the fact that names the last row of each pass

Age = ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Pass:
    """One way through a table: the age of a row, and which rows of that age are done with."""

    name: str
    table: Table
    age: Age
    is_done: Callable[[Any], ColumnElement[bool]]  # given the moment before which rows are old
    emptied: Mapping[str, Any] | None = None  # what is written, where the row is kept


def _is_settled(before: Any) -> ColumnElement[bool]:
    c = delivery.c
    return and_(c.settled_at < before, c.last_received_at < before)


def _has_settled_body(before: Any) -> ColumnElement[bool]:
    return and_(delivery.c.settled_at < before, delivery.c.body != NO_BODY)


def _has_ended(before: Any) -> ColumnElement[bool]:
    c = promotion.c
    is_old = (c.id == promotion_event.c.promotion_id) & (c.ended_at < before)
    return select(c.id).where(is_old).exists()


def _is_told(before: Any) -> ColumnElement[bool]:
    """Match what is told of promotions that ended; what still shows as running stays."""
    c = outbox.c
    is_old = (promotion.c.id == c.promotion_id) & (promotion.c.ended_at < before)
    return and_(
        c.due_at.is_(None),
        or_(c.shown.is_distinct_from("success"), c.channel != DEPLOYMENT),
        select(promotion.c.id).where(is_old).exists(),
    )


def _is_sent(before: Any) -> ColumnElement[bool]:
    """Match notices that are neither to be sent nor keep one from being sent once more."""
    c = notice.c
    is_unfinished = (promotion.c.id == c.promotion_id) & promotion.c.ended_at.is_(None)
    is_of = or_(trouble.c.id == c.trouble_id, trouble.c.told_as == c.trouble_id)
    lasts = or_(trouble.c.over_at.is_(None), trouble.c.due_at.is_not(None))
    return and_(
        c.due_at.is_(None),
        func.coalesce(c.sent_at, c.created_at) < before,
        ~select(promotion.c.id).where(is_unfinished).exists(),
        ~select(trouble.c.id).where(is_of, lasts).exists(),
    )


def _is_of_ended(before: Any) -> ColumnElement[bool]:
    """Match comparisons whose commits no unfinished promotion needs."""
    c = promotion.c
    needs = (
        select(c.id)
        .join(shipment, shipment.c.promotion_id == c.id)
        .where(shipment.c.comparison_id == comparison.c.id, c.status.in_(sorted(UNFINISHED)))
    )
    return and_(comparison.c.read_at < before, comparison.c.pruned_at.is_(None), ~needs.exists())


def _is_unwanted(before: Any) -> ColumnElement[bool]:
    c = commit_check.c
    return and_(c.due_at.is_(None), func.coalesce(c.asked_at, c.created_at) < before)


BODIES = Pass(
    "bodies", delivery, delivery.c.received_at, _has_settled_body, emptied={"body": NO_BODY}
)
_NO_COMMITS = literal({"coming": [], "leaving": [], "pulls": []}, JSONB)
COMMITS = Pass(
    "commits",
    comparison,
    comparison.c.read_at,
    _is_of_ended,
    emptied={"content": comparison.c.content.op("||")(_NO_COMMITS), "pruned_at": func.now()},
)
RECORDS = (
    Pass("deliveries", delivery, delivery.c.received_at, _is_settled),
    Pass("events", promotion_event, promotion_event.c.at, _has_ended),
    Pass("notices", notice, notice.c.created_at, _is_sent),
    COMMITS,
    Pass("outbox", outbox, outbox.c.created_at, _is_told),
    Pass("checks", commit_check, commit_check.c.created_at, _is_unwanted),
)
AUDIT = Pass("audit", audit_entry, audit_entry.c.at, lambda before: audit_entry.c.at < before)


def prune(conn: Connection, one: Pass, *, older_than: timedelta, most: int) -> int:
    """Take the next `most` rows of a pass and delete those that are done with; return how many."""
    cursors = dict(apps.get_fact(conn, _CURSORS) or {})
    c, before = one.table.c, func.now() - literal(older_than)
    window = (
        select(c.id, one.age.label("at"))
        .where(c.id > cursors.get(one.name, 0))
        .order_by(c.id)
        .limit(most)
        .subquery()
    )
    query = select(func.max(window.c.id), func.count(), func.min(window.c.at) < before)
    last, count, is_any_old = conn.execute(query).one()
    is_at_end = count < most or not is_any_old
    apps.put_fact(conn, _CURSORS, cursors | {one.name: 0 if is_at_end else last})
    if not is_any_old:
        return 0
    where = c.id > cursors.get(one.name, 0), c.id <= last, one.is_done(before)
    if one.emptied is not None:
        return conn.execute(update(one.table).where(*where).values(one.emptied)).rowcount
    return conn.execute(delete(one.table).where(*where)).rowcount
