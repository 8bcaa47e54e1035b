"""Promotions: what a lease holder writes under its fence, and what others may change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    Text,
    any_,
    column,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from listener.core.promotion import (
    ENDED,
    RETRYABLE,
    UNFINISHED,
    PromotionKind,
    Status,
    can_transition,
)
from listener.db import queue
from listener.db.fixed import Fixed, as_told, value
from listener.db.queue import notify
from listener.db.tables import promotion as table
from listener.db.tables import promotion_event

Writing = ReturningInsert[Any] | ReturningUpdate[Any]


@dataclass(frozen=True, slots=True)
class PromotionRow:
    """A promotion as stored."""

    id: int
    kind: PromotionKind
    rule_id: int | None
    rule_revision: int | None
    found_by: str
    source_id: str
    release_id: str
    version: int
    artifact: str
    artifact_type: str
    commit: str | None
    target_id: str
    target_release_id: str | None
    target_version: int | None
    status: Status
    reason: str
    gates: list[dict[str, Any]]
    evaluated_at: datetime | None
    due_at: datetime | None
    fence: int
    attempt: int
    errors_since: datetime | None
    gone_since: datetime | None
    status_at: datetime | None
    soaks_from: datetime | None
    author: str | None
    override: dict[str, Any] | None
    earliest_at: datetime | None
    checked: dict[str, Any] | None
    checked_at: datetime | None
    verification: dict[str, Any] | None
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None

    @property
    def is_by_hand(self) -> bool:
        """Whether a person asked for it, not a rule."""
        return self.rule_id is None


_FIELDS = tuple(PromotionRow.__dataclass_fields__)
_ENUMS = {"kind": PromotionKind, "status": Status}


def row_of(row: Row[Any]) -> PromotionRow:
    """Build a promotion from a row of the table; further columns are ignored."""
    values = {name: getattr(row, name) for name in _FIELDS}
    return PromotionRow(**{**values, **{n: kind(values[n]) for n, kind in _ENUMS.items()}})


class PromotionUnknown(Exception):
    """There is no promotion with this id."""


class InvalidTransition(Exception):
    """The transition table does not allow this change of status; nothing is written."""


def find(conn: Connection, promotion_id: int) -> PromotionRow | None:
    """Return the promotion with this id, if there is one."""
    row = conn.execute(select(table).where(table.c.id == promotion_id)).one_or_none()
    return row_of(row) if row is not None else None


def get(conn: Connection, promotion_id: int) -> PromotionRow:
    """Return the promotion with this id. Raises PromotionUnknown."""
    if (row := find(conn, promotion_id)) is None:
        raise PromotionUnknown(promotion_id)
    return row


def list_(
    conn: Connection,
    *,
    app_id: str | None = None,
    status: str | None = None,
    release_id: str | None = None,
    limit: int = 100,
) -> list[PromotionRow]:
    """List promotions, newest first; of one app (source or target), status or release if given."""
    query = select(table).order_by(table.c.id.desc()).limit(limit)
    if app_id is not None:
        query = query.where(or_(table.c.source_id == app_id, table.c.target_id == app_id))
    if status is not None:
        query = query.where(table.c.status == status)
    if release_id is not None:
        query = query.where(table.c.release_id == release_id)
    return [row_of(row) for row in conn.execute(query)]


def made_of(conn: Connection, release_id: str) -> list[int]:
    """Return the numbers of the promotions of a release, oldest first; 100 at most."""
    return [row.id for row in _MADE_OF.rows(conn, release_id=release_id)]


_MADE_OF = Fixed(
    select(table.c.id)
    .where(table.c.release_id == value("release_id", Text))
    .order_by(table.c.id)
    .limit(100)
)


def add(conn: Connection, *, status: Status, reason: str, **values: Any) -> PromotionRow | None:
    """Insert a promotion, due now if it waits; return None where an equal one exists already."""
    is_waiting = status is Status.WAITING
    times = {"due_at": queue.NOW} if is_waiting else {"ended_at": queue.NOW}
    row = _insert(conn, tuple(times.items()), {"status": status, "reason": reason, **values})
    if row is None:
        return None
    notify(conn, "promotion")
    return row_of(row)


def add_held(
    conn: Connection, owner: str, now: datetime, *, reason: str, **values: Any
) -> queue.Claim | None:
    """Insert a waiting promotion under a claim of the owner; None where an equal one exists."""
    values |= {"status": Status.WAITING, "reason": reason}
    values |= {"lease_owner": owner, "fence": 1, "attempt": 1}
    times = ("due_at", queue.NOW), ("lease_until", queue.LEASE_FROM_NOW)
    row = _insert(conn, times, values)
    return queue.held(table, row, now) if row is not None else None


Times = tuple[tuple[str, ColumnElement[datetime]], ...]


def _insert(conn: Connection, times: Times, values: dict[str, Any]) -> Any:
    told = {name: as_told(table.c[name].type, each) for name, each in values.items()}
    news = {"event": values["status"], "message": values["reason"]}
    return _inserting(times, tuple(sorted(values))).first(conn, **told, **news)


@cache
def _inserting(times: Times, plain: tuple[str, ...]) -> Fixed:
    places = {name: value(name, table.c[name].type) for name in plain}
    statement = upsert(table).values({"status_at": queue.NOW, **dict(times), **places})
    return Fixed(_with_event(statement.on_conflict_do_nothing().returning(table)))


def find_by_hand(
    conn: Connection, *, release_id: str, target_id: str, kind: PromotionKind
) -> PromotionRow | None:
    """Return the unfinished promotion by hand of this release to this target, if any."""
    query = select(table).where(
        table.c.rule_id.is_(None),
        table.c.release_id == release_id,
        table.c.target_id == target_id,
        table.c.kind == kind,
        table.c.status.in_(UNFINISHED),
    )
    row = conn.execute(query).one_or_none()
    return row_of(row) if row is not None else None


# What a lease holder writes.


def move(
    conn: Connection,
    claim: queue.Claim,
    status: Status,
    reason: str,
    *,
    is_live: bool = False,
    **values: Any,
) -> PromotionRow:
    """Write the result of a step under the claim's fence. Raises LeaseLost, InvalidTransition.

    `is_live` demands that the lease has not run out either.
    """
    before = Status(claim.status or "")
    if status is not before and not can_transition(before, status):
        raise InvalidTransition(f"{before} → {status}")
    values = {"gone_since": None, **values}  # what was found again is not gone
    if status in ENDED:
        values = {"due_at": None, "ended_at": queue.NOW, **values}
    if status != claim.status:
        values = {"status_at": queue.NOW, **values}
    said = {"status": status, "reason": reason, "updated_at": queue.NOW, **values}
    is_news = (status, reason) != (claim.status, claim.row.reason)
    also, given = (_with_event, {"event": status, "message": reason}) if is_news else (None, {})
    row = queue.write(conn, claim, is_live=is_live, also=also, given=given, **said)
    # Whoever keeps the lease goes on, and what is due later is found by the poll in time.
    is_soon = row.due_at is not None and row.due_at - row.updated_at < queue.SOON
    if is_soon and row.lease_until is None:
        notify(conn, "promotion")
    return row_of(row)


def _with_event(writing: Writing) -> Select[Any]:
    """Return the statement that also records an `event` of the row that it writes."""
    written = writing.cte("written")
    said = insert(promotion_event).from_select(
        ["promotion_id", "event", "message"],
        select(column("id"), value("event", Text), value("message", Text)).select_from(written),
    )
    # Its columns are not named one by one: to make them anew takes longer than the statement.
    return select(literal_column("written.*")).select_from(written).add_cte(said.cte("said"))


def _record_event(conn: Connection, promotion_id: int, event: str, message: str) -> None:
    values = {"promotion_id": promotion_id, "event": event, "message": message}
    conn.execute(insert(promotion_event).values(values))


def events(conn: Connection, promotion_id: int) -> list[Row[Any]]:
    """Return the promotion's events, oldest first: rows of at, event, message."""
    query = select(promotion_event).where(promotion_event.c.promotion_id == promotion_id)
    return list(conn.execute(query.order_by(promotion_event.c.id)))


def lock_around(conn: Connection, *app_ids: str, with_waiting: bool = False) -> Sequence[Row[Any]]:
    """Lock every unfinished promotion to or from these apps, to write several of them.

    Return them: rows of id, status, rule_id, target_id and version.

    `with_waiting` adds all waiting promotions, for a caller that wakes them all. Rows are locked
    in id order to avoid deadlocks.
    """
    around = _LOCK_ALL if with_waiting else _LOCK_AROUND
    return around.rows(conn, ids=list(app_ids))


def _locking(*more: ColumnElement[bool]) -> Fixed:
    ids = value("ids", ARRAY(Text))
    around = or_(table.c.target_id == any_(ids), table.c.source_id == any_(ids), *more)
    shown = (table.c[name] for name in ("id", "status", "rule_id", "target_id", "version"))
    query = select(*shown).where(table.c.status.in_(UNFINISHED), around)
    return Fixed(query.order_by(table.c.id).with_for_update())


_LOCK_AROUND = _locking()
_LOCK_ALL = _locking(table.c.status == Status.WAITING)


# What others may change: waiting rows only. The new fence voids the claim of an evaluation.

_VOID: dict[str, Any] = {
    "fence": table.c.fence + 1,
    "lease_until": None,
    "lease_owner": None,
    "attempt": 0,  # the claim ended without a write, but not by a fault of its step
}


def _changing_waiting(*where: ColumnElement[bool], **values: Any) -> ReturningUpdate[Any]:
    """Build the change of all that waits and matches; rows are locked in id order first."""
    query = select(table.c.id).where(table.c.status == Status.WAITING, *where)
    locked = query.order_by(table.c.id).with_for_update().scalar_subquery()
    changed = update(table).where(table.c.id == any_(func.array(locked)))
    return changed.values({**_VOID, **values}).returning(table)


def _ending(*where: ColumnElement[bool]) -> Fixed:
    said = {"status": value("event", Text), "reason": value("message", Text), "due_at": None}
    times = dict.fromkeys(("status_at", "ended_at", "updated_at"), queue.NOW)
    return Fixed(_with_event(_changing_waiting(*where, **said, **times)))


def _end_waiting(
    conn: Connection, ending: Fixed, status: Status, reason: str, **about: Any
) -> list[PromotionRow]:
    rows = ending.rows(conn, event=status, message=reason, **about)
    if rows:
        notify(conn, "promotion")
    return [row_of(row) for row in rows]


def cancel(conn: Connection, promotion_id: int, *, reason: str) -> PromotionRow | None:
    """Cancel a waiting promotion; return None where it does not wait."""
    rows = _end_waiting(conn, _END, Status.CANCELLED, reason, id=promotion_id)
    return rows[0] if rows else None


def supersede_older(
    conn: Connection, newer: PromotionRow, around: Iterable[Row[Any]], *, reason: str
) -> list[PromotionRow]:
    """Supersede what waits under the same rule and target with a lower version.

    `around` are the rows that `lock_around` locked.
    """
    if not any(_gives_way(row, newer) for row in around):
        return []
    about = {"rule_id": newer.rule_id, "target_id": newer.target_id, "version": newer.version}
    return _end_waiting(conn, _END_OLDER, Status.SUPERSEDED, reason, **about)


def _gives_way(row: Row[Any], newer: PromotionRow) -> bool:
    is_waiting = row.status == Status.WAITING and row.version < newer.version
    return is_waiting and (row.rule_id, row.target_id) == (newer.rule_id, newer.target_id)


_IS_IT = table.c.id == value("id", BigInteger)
_IS_TARGET = table.c.target_id == value("target_id", Text)
_END = _ending(_IS_IT)
_END_OLDER = _ending(
    table.c.rule_id == value("rule_id", BigInteger),
    _IS_TARGET,
    table.c.version < value("version", Integer),
)


def _waking(*where: ColumnElement[bool], **values: Any) -> Fixed:
    return Fixed(_changing_waiting(*where, due_at=queue.NOW, **values))


def _wake(conn: Connection, waking: Fixed, **about: Any) -> int:
    if woken := waking.write(conn, **about):
        notify(conn, "promotion")
    return woken


def reschedule_target(conn: Connection, target_id: str | None, *, but: int | None = None) -> int:
    """Make every promotion that waits for this target (None: for any) due now; return how many.

    `but` is one promotion to leave out: it has its own reason to wait longer.
    """
    if target_id is None:
        return _wake(conn, _WAKE_ALL)
    return _wake(conn, _WAKE_TARGET, target_id=target_id, but=but)


def reschedule_source(conn: Connection, source_id: str) -> int:
    """Make every waiting promotion of a release of this source due now; return how many."""
    return _wake(conn, _WAKE_SOURCE, source_id=source_id)


def reschedule_rule(conn: Connection, rule_id: int, revision: int) -> int:
    """Make what waits under a changed rule due now, by its new revision; return how many."""
    return _wake(conn, _WAKE_RULE, rule_id=rule_id, revision=revision)


_WAKE_ALL = _waking()
_WAKE_TARGET = _waking(_IS_TARGET, table.c.id.is_distinct_from(value("but", BigInteger)))
_WAKE_SOURCE = _waking(table.c.source_id == value("source_id", Text))
_WAKE_RULE = _waking(
    table.c.rule_id == value("rule_id", BigInteger), rule_revision=value("revision", Integer)
)


def reevaluate(
    conn: Connection, promotion_id: int, event: str, reason: str, **values: Any
) -> PromotionRow | None:
    """Wake a waiting promotion after a person's decision; return None where it does not wait."""
    said = {"reason": reason, "updated_at": func.clock_timestamp(), **values}
    if not _wake(conn, _waking(table.c.id == promotion_id, **said)):
        return None
    _record_event(conn, promotion_id, event, reason)
    return get(conn, promotion_id)


def retry(conn: Connection, promotion_id: int, *, reason: str) -> PromotionRow | None:
    """Let an ended promotion wait again; return None where its status allows no retry."""
    now = func.clock_timestamp()
    statement = (
        update(table)
        .where(table.c.id == promotion_id, table.c.status.in_(RETRYABLE))
        .values(
            {
                **_VOID,
                "status": Status.WAITING,
                "reason": reason,
                "due_at": now,
                "status_at": now,
                "updated_at": now,
                "ended_at": None,
                "errors_since": None,
                "gone_since": None,
                "evaluated_at": None,
                "checked": null(),
                "checked_at": None,
                "verification": null(),
                "target_release_id": None,
                "target_version": None,
            }
        )
        .returning(table)
    )
    row = conn.execute(statement).one_or_none()
    if row is None:
        return None
    _record_event(conn, row.id, Status.WAITING, reason)
    notify(conn, "promotion")
    return row_of(row)


def waiting_for(conn: Connection, target_id: str) -> list[PromotionRow]:
    """Return the promotions that wait for the target, newest release first."""
    query = (
        select(table)
        .where(table.c.target_id == target_id, table.c.status == Status.WAITING)
        .order_by(table.c.version.desc(), table.c.id.desc())
    )
    return [row_of(row) for row in conn.execute(query)]


def waiting_under(conn: Connection, rule_id: int) -> list[PromotionRow]:
    """Lock the promotions that wait under a rule, to end them; return them, oldest first."""
    query = select(table).where(table.c.rule_id == rule_id, table.c.status == Status.WAITING)
    return [row_of(row) for row in conn.execute(query.order_by(table.c.id).with_for_update())]
