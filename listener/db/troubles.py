"""Troubles: opened when something fails, ended when it works again, told by a claimed step.

Lock order: the caller holds its locks of apps and promotions already; those of troubles come last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, case, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from listener.core.trouble import MOST_BREAKS, TOLD_AFTER, Cause, Trouble, replaces
from listener.db import queue
from listener.db.state_tables import trouble as table
from listener.db.tables import delivery, promotion

TROUBLES = queue.WorkKind(table, table.c.due_at)
KEPT_FOR = timedelta(days=1)
_NOW = func.clock_timestamp()


def note(
    conn: Connection, cause: Cause, subject: str, message: str, app_ids: Sequence[str] = ()
) -> None:
    """Record a failure: open a trouble, or count it on the open one."""
    open_ = table.c.subject == subject, table.c.over_at.is_(None)
    row = conn.execute(select(table).where(*open_).with_for_update()).one_or_none()
    if row is not None and row.told_at is not None and replaces(cause, Cause(row.cause)):
        conn.execute(update(table).where(table.c.id == row.id).values(over_at=_NOW, due_at=None))
        row = None
    if row is not None:
        _again(conn, row, cause, message)
        return
    due_at = None if cause is Cause.BROKEN else _NOW + literal(TOLD_AFTER)
    values = {"cause": cause, "subject": subject, "message": message, "app_ids": list(app_ids)}
    conn.execute(insert(table).values(due_at=due_at, **values).on_conflict_do_nothing())


def _again(conn: Connection, row: Row[Any], cause: Cause, message: str) -> None:
    values: dict[str, Any] = {"last_at": _NOW, "times": table.c.times + 1, "message": message}
    if row.told_at is None:
        values["cause"] = cause
        if cause is Cause.BROKEN and row.times + 1 >= MOST_BREAKS:
            values["due_at"] = _NOW
    conn.execute(update(table).where(table.c.id == row.id).values(values))


def over(conn: Connection, subject: str) -> None:
    """End the open trouble of this subject: it does not fail any more."""
    _end(conn, table.c.subject == subject)


def fade(conn: Connection, unseen_for: timedelta) -> None:
    """End troubles that nothing met for so long, since nothing asks for their subject any more.

    Delete troubles that ended more than a day ago and that nobody was told of.
    """
    _end(conn, table.c.last_at < _NOW - literal(unseen_for))
    is_past = table.c.over_at < _NOW - literal(KEPT_FOR)
    is_idle = table.c.due_at.is_(None) & table.c.told_at.is_(None)
    conn.execute(delete(table).where(is_past, is_idle))


def _end(conn: Connection, where: Any) -> None:
    due_at = case((table.c.told_at.is_not(None), _NOW), else_=None)
    statement = update(table).where(where, table.c.over_at.is_(None))
    conn.execute(statement.values(over_at=_NOW, due_at=due_at))


def lock_all(conn: Connection, trouble_id: int) -> list[Trouble]:
    """Lock every open trouble and this one, in id order, so that nobody else decides meanwhile."""
    where = or_(table.c.over_at.is_(None), table.c.id == trouble_id)
    query = select(table).where(where).order_by(table.c.id).with_for_update()
    return [_trouble(row) for row in conn.execute(query)]


def open_(conn: Connection) -> list[Trouble]:
    """Return every open trouble, oldest first."""
    query = select(table).where(table.c.over_at.is_(None)).order_by(table.c.id)
    return [_trouble(row) for row in conn.execute(query)]


def now(conn: Connection) -> datetime:
    """Return the time at which this transaction began, by the database's clock."""
    moment: datetime = conn.execute(select(func.now())).scalar_one()
    return moment


def tell_as(conn: Connection, trouble_ids: Iterable[int], told_as: int) -> None:
    """Record that the notice of trouble `told_as` told of these troubles."""
    values = {"told_as": told_as, "told_at": _NOW, "due_at": None}
    conn.execute(update(table).where(table.c.id.in_(list(trouble_ids))).values(values))


def apps_told_as(conn: Connection, told_as: int) -> set[str]:
    """Return the apps that the notice of this trouble was about."""
    query = select(table.c.app_ids).where(or_(table.c.told_as == told_as, table.c.id == told_as))
    return {app_id for app_ids in conn.execute(query).scalars() for app_id in app_ids}


def versions_told(conn: Connection, app_ids: Iterable[str]) -> list[tuple[str, int]]:
    """Return the app and version of releases that unsettled deliveries of these apps name."""
    c = delivery.c
    where = c.settled_at.is_(None), c.version.is_not(None), c.app_id.in_(list(app_ids))
    query = select(c.app_id, c.version).where(*where).distinct().order_by(c.app_id, c.version)
    return [(row.app_id, row.version) for row in conn.execute(query)]


def promotions_stuck(conn: Connection, app_ids: Iterable[str]) -> list[Any]:
    """Return the unfinished promotions from or to these apps that cannot be decided for errors."""
    c, ids = promotion.c, list(app_ids)
    where = c.errors_since.is_not(None), c.ended_at.is_(None)
    about = or_(c.source_id.in_(ids), c.target_id.in_(ids))
    query = select(c.id, c.source_id, c.target_id, c.version).where(*where, about).order_by(c.id)
    return list(conn.execute(query))


def _trouble(row: Row[Any]) -> Trouble:
    return Trouble(
        id=row.id,
        cause=Cause(row.cause),
        subject=row.subject,
        message=row.message,
        since=row.since,
        last_at=row.last_at,
        app_ids=tuple(row.app_ids),
        times=row.times,
        told_as=row.told_as,
        over_at=row.over_at,
    )
