"""Checks of commits: what GitHub told, and which promotions wait for it.

A row is read while a promotion waits for it, and is locked before promotions are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Row,
    Text,
    case,
    func,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, insert

from listener.core.checks import Check, CommitChecks, check_of
from listener.core.promotion import Status
from listener.db import queue, waiting_promotions
from listener.db.commit_tables import commit_check as table
from listener.db.fixed import Fixed, as_told, value
from listener.db.queue import notify
from listener.db.tables import promotion

CHECKS = queue.WorkKind(table, table.c.due_at)
MARK = "commit_check"  # the fact by which a promotion that waits for a row is found
# However many ask for it, or tell of it: a commit is read once a second at most.
AT_MOST_EVERY = timedelta(seconds=1)
AT_FIRST_EVERY = timedelta(seconds=5)


def find(conn: Connection, app_id: str, sha: str, *, named: str | None = None) -> CommitChecks:
    """Return what is known of a commit's checks; nothing where nobody asked yet.

    They are those in the repository that a rule names, else in the one that Heroku tells.
    """
    row = _FIND.first(conn, app_id=app_id, sha=sha, named=named or "")
    return _of(row) if row is not None else CommitChecks(sha)


_FIND = Fixed(
    select(table).where(
        table.c.app_id == value("app_id", Text),
        table.c.sha == value("sha", Text),
        table.c.named == value("named", Text),
    )
)


def _of(row: Row[Any]) -> CommitChecks:
    return CommitChecks(
        sha=row.sha,
        id=row.id,
        repository=row.repository,
        found=tuple(check_of(each) for each in row.content),
        read_at=row.read_at,
        asked_at=row.asked_at,
        untold=row.untold,
        is_final=row.is_final,
        failing_since=row.failing_since,
    )


def want(
    conn: Connection, app_id: str, sha: str, *, named: str | None = None, is_urgent: bool
) -> CommitChecks:
    """Have a commit's checks read while the caller's promotion waits; return what is known now.

    The row stays locked: what is read meanwhile wakes the promotion once that is stored. What is
    read already is read sooner only if that is urgent, and if the last answer was one.
    """
    now = queue.NOW
    pause = AT_MOST_EVERY if is_urgent else AT_FIRST_EVERY
    sooner = func.least(table.c.due_at, func.greatest(now, table.c.asked_at + literal(pause)))
    is_watched = table.c.due_at.is_not(None)
    is_patient = is_watched & (table.c.untold.is_not(None) if is_urgent else true())
    key = {"app_id": app_id, "sha": sha, "named": named or ""}
    new = insert(table).values(**key, begun_at=now, due_at=now)
    wanted = new.on_conflict_do_update(
        index_elements=[*key],
        set_={
            "due_at": case((is_patient, table.c.due_at), else_=sooner),
            "begun_at": case((is_watched, table.c.begun_at), else_=now),
        },
    )
    row = conn.execute(wanted.returning(table)).one()
    notify(conn, table.name)
    return _of(row)


def _is_of(id: int, **more: Any) -> Any:
    return as_told(JSONB(), [{"facts": {MARK: id, **more}}])


_WAITS = (
    promotion.c.source_id == value("source_id", Text),
    promotion.c.gates.contains(value("marker", JSONB)),
)
_IS_WANTED = Fixed(
    select(promotion.c.id).where(promotion.c.status == Status.WAITING, *_WAITS).limit(1)
)
_LOCK = Fixed(select(table.c.id).where(table.c.id == value("id", BigInteger)).with_for_update())


def is_wanted(conn: Connection, claim: queue.Claim) -> bool:
    """Lock the row, and return whether a promotion waits for it."""
    _LOCK.rows(conn, id=claim.key)
    about = {"source_id": claim.row.app_id, "marker": _is_of(claim.key)}
    return _IS_WANTED.first(conn, **about) is not None


def rest(conn: Connection, claim: queue.Claim) -> None:
    """Read it no more until somebody wants it. Raises LeaseLost."""
    blank: dict[str, Any] = {
        "due_at": None,
        "begun_at": None,
        "untold": None,
        "failing_since": None,
    }
    queue.write(conn, claim, is_final=False, **blank)


def told(
    conn: Connection,
    claim: queue.Claim,
    found: Sequence[Check],
    *,
    repository: str,
    asked_at: datetime,
    again_in: timedelta,
) -> None:
    """Store what GitHub told, and wake what waits for it. Raises LeaseLost."""
    content = [each.as_json() for each in found]
    values: dict[str, Any] = {"content": content, "repository": repository, "read_at": asked_at}
    fine = {"untold": None, "is_final": False, "failing_since": None}
    _store(conn, claim, asked_at, again_in, attempt=0, **values, **fine)
    has_changed = claim.row.untold is not None or claim.row.content != content
    _wake(conn, claim, is_news=has_changed or claim.row.read_at is None)


def untold(
    conn: Connection,
    claim: queue.Claim,
    why: str,
    *,
    is_final: bool,
    asked_at: datetime,
    again_in: timedelta,
) -> None:
    """Store why GitHub does not tell, and wake what waits for it if that is new. Raises LeaseLost.

    The error is told anew with each answer, but only a first one changes what can be done.
    """
    since = claim.row.failing_since or asked_at
    values: dict[str, Any] = {"untold": why, "is_final": is_final, "failing_since": since}
    _store(conn, claim, asked_at, again_in, attempt=claim.attempt, **values)
    is_first = claim.row.untold is None or claim.row.is_final is not is_final
    _wake(conn, claim, is_news=is_first)


def _store(
    conn: Connection,
    claim: queue.Claim,
    asked_at: datetime,
    again_in: timedelta,
    **values: Any,
) -> None:
    times = {"next_at": asked_at + again_in, "claimed_at": claim.claimed_at}
    earliest = {"earliest": claim.claimed_at + AT_MOST_EVERY}
    given = {**times, **earliest}
    queue.write(conn, claim, given=given, due_at=_NEXT, asked_at=asked_at, **values)


_TIME = TIMESTAMP(timezone=True)
# Who wanted it while it was read may not have been told what they wanted to know.
_NEXT = func.least(
    value("next_at", _TIME),
    case(
        (
            table.c.due_at > value("claimed_at", _TIME),
            func.greatest(table.c.due_at, value("earliest", _TIME)),
        )
    ),
)


def _wake(conn: Connection, claim: queue.Claim, *, is_news: bool) -> None:
    more = {} if is_news else {"asks": True}
    waiting_promotions.wake_for(conn, claim.row.app_id, _is_of(claim.key, **more))


def hasten(conn: Connection, repository: str, sha: str) -> int:
    """Have the checks of a commit read now, if somebody waits for them; return how many rows.

    What is due already is written only while it is read: that reading may have come too early.
    """
    now = func.greatest(queue.NOW, table.c.asked_at + literal(AT_MOST_EVERY))
    its_own = select(table.c.id).where(
        table.c.sha == sha,
        or_(table.c.repository.is_(None), func.lower(table.c.repository) == repository.lower()),
        or_(table.c.due_at > now, table.c.lease_until > queue.NOW),
    )
    locked = its_own.order_by(table.c.id).with_for_update().scalar_subquery()
    mine = table.c.id.in_(locked), table.c.due_at.is_not(None)
    hastened = conn.execute(update(table).where(*mine).values(due_at=now))
    if hastened.rowcount:
        notify(conn, table.name)
    return hastened.rowcount
