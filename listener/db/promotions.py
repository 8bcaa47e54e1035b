"""Promotions: how they begin, and what a lease holder writes under its fence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    column,
    insert,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from listener.core.promotion import (
    ENDED,
    UNFINISHED,
    PromotionKind,
    Status,
    can_transition,
)
from listener.db import outbox, queue
from listener.db.fixed import Fixed, as_told, value, values_of
from listener.db.queue import notify
from listener.db.running import artifact_on
from listener.db.scopes import within
from listener.db.tables import promotion as table
from listener.db.tables import promotion_event, shipment
from listener.roles import EVERYTHING, Scope

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
    checks_since: datetime | None
    verification: dict[str, Any] | None
    created_by: str | None
    target_ran: str | None
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None

    @property
    def is_by_hand(self) -> bool:
        """Whether a person or a machine asked for it, not a rule."""
        return self.rule_id is None

    def is_of(self, email: str) -> bool:
        """Return whether it brings a release that this person made."""
        return self.author is not None and self.author.casefold() == email.casefold()


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


def find(conn: Connection, promotion_id: int, *, scope: Scope = EVERYTHING) -> PromotionRow | None:
    """Return the promotion with this id, if there is one whose apps are all in scope."""
    query = select(table).where(table.c.id == promotion_id, *_within(scope))
    row = conn.execute(query).one_or_none()
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
    scope: Scope = EVERYTHING,
    limit: int = 100,
) -> list[PromotionRow]:
    """List promotions, newest first; of one app (source or target), status or release if given.

    Both apps of each are in scope.
    """
    query = select(table).where(*_within(scope)).order_by(table.c.id.desc()).limit(limit)
    if app_id is not None:
        query = query.where(or_(table.c.source_id == app_id, table.c.target_id == app_id))
    if status is not None:
        query = query.where(table.c.status == status)
    if release_id is not None:
        query = query.where(table.c.release_id == release_id)
    return [row_of(row) for row in conn.execute(query)]


def _within(scope: Scope) -> list[ColumnElement[bool]]:
    return within(scope, table.c.source_id, table.c.target_id)


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
    places = values_of(table, plain)
    statement = upsert(table).values({"status_at": queue.NOW, **dict(times), **places})
    made = with_event(statement.on_conflict_do_nothing().returning(table))
    # What ships is read afterwards, by work of its own, and counted from what runs now.
    runs = artifact_on(literal_column("written.target_id", Text))
    its_own = insert(shipment).from_select(
        ["promotion_id", "base_artifact"], select(column("id"), runs).select_from(_WRITTEN)
    )
    return Fixed(made.add_cte(its_own.cte("its_own")))


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
    also, given = (with_event, {"event": status, "message": reason}) if is_news else (None, {})
    row = queue.write(conn, claim, is_live=is_live, also=also, given=given, **said)
    # Whoever keeps the lease goes on, and what is due later is found by the poll in time.
    is_soon = row.due_at is not None and row.due_at - row.updated_at < queue.SOON
    if is_soon and row.lease_until is None:
        notify(conn, "promotion")
    return row_of(row)


_WRITTEN = text("written")


def with_event(writing: Writing) -> Select[Any]:
    """Return the statement that also records an `event` of the row that it writes."""
    written = writing.cte("written")
    # Its columns are not named one by one: to make them anew takes longer than the statement.
    found: Select[Any] = select(literal_column("written.*")).select_from(written)
    said = _said(written)
    return found.add_cte(said, outbox.told_with(said, written))


def _said(written: CTE) -> CTE:
    said = insert(promotion_event).from_select(
        ["promotion_id", "event", "message"],
        select(written.c.id, value("event", Text), value("message", Text)),
    )
    shown = promotion_event.c.id, promotion_event.c.promotion_id
    return said.returning(*shown, queue.notify_pages().label("pages")).cte("said")


def record_event(conn: Connection, promotion_id: int, event: str, message: str) -> None:
    """Add an event to the promotion's own."""
    _RECORDING.rows(conn, id=promotion_id, event=event, message=message)


def _recording() -> Fixed:
    one = select(table.c.id, table.c.target_id).where(table.c.id == value("id", BigInteger))
    written = one.cte("written")
    said = _said(written)
    return Fixed(select(said.c.id).add_cte(outbox.told_with(said, written)))


_RECORDING = _recording()


def events(conn: Connection, promotion_id: int) -> list[Row[Any]]:
    """Return the promotion's events, oldest first: rows of at, event, message."""
    query = select(promotion_event).where(promotion_event.c.promotion_id == promotion_id)
    return list(conn.execute(query.order_by(promotion_event.c.id)))
