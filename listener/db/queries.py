"""What pages show beside a row, read for a whole page at once; no worker step uses it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, case, func, or_, select

from listener.core.promotion import ACTIVE, PromotionKind, Status
from listener.db import sync
from listener.db.scopes import within
from listener.db.tables import (
    app,
    chore,
    delivery,
    hold,
    notice,
    post,
    promotion,
    promotion_event,
    release,
)
from listener.roles import Scope


@dataclass(frozen=True, slots=True)
class Moment:
    """One event of a promotion."""

    at: datetime
    event: str
    message: str


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery without its body: when it arrived, how often, and its outcome."""

    id: int
    subscription_id: int | None
    app_id: str | None
    delivery_id: str | None
    event_id: str | None
    action: str | None
    release_id: str | None
    version: int | None
    received_at: datetime
    last_received_at: datetime
    asked_again_at: datetime | None
    times: int
    outcome: str | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Look:
    """When an app is looked at next, and the error of the last look."""

    at: datetime | None
    error: str | None


def nonces(conn: Connection, promotion_ids: Iterable[int]) -> dict[int, str]:
    """Return the nonce of each promotion's last post that shows a nonce at Heroku."""
    query = (
        select(post.c.promotion_id, post.c.nonce)
        .where(post.c.promotion_id.in_(set(promotion_ids)), post.c.account_id.is_(None))
        .order_by(post.c.id)
    )
    return {row.promotion_id: row.nonce for row in conn.execute(query)}


def timeline(conn: Connection, promotion_id: int) -> tuple[Moment, ...]:
    """Return the events of a promotion, oldest first."""
    c = promotion_event.c
    query = select(c.at, c.event, c.message).where(c.promotion_id == promotion_id).order_by(c.id)
    return tuple(Moment(row.at, row.event, row.message) for row in conn.execute(query))


@dataclass(frozen=True, slots=True)
class Decision:
    """One event of any promotion, with what that is about."""

    id: int
    at: datetime
    event: str
    message: str
    promotion_id: int
    rule_id: int | None
    source_id: str
    target_id: str
    version: int


def decisions(conn: Connection, *, app_id: str | None, scope: Scope, limit: int) -> list[Decision]:
    """Return the last events of promotions, newest first: of one app at either end, if given.

    Both apps of each promotion are in scope.
    """
    c, p = promotion_event.c, promotion.c
    about = (p.id.label("promotion_id"), p.rule_id, p.source_id, p.target_id, p.version)
    query = (
        select(c.id, c.at, c.event, c.message, *about)
        .join(promotion, p.id == c.promotion_id)
        .where(*within(scope, p.source_id, p.target_id))
        .order_by(c.id.desc())
        .limit(limit)
    )
    if app_id is not None:
        query = query.where(or_(p.source_id == app_id, p.target_id == app_id))
    return [Decision(*row) for row in conn.execute(query)]


def deliveries_of(conn: Connection, release_id: str, *, limit: int = 100) -> list[DeliveryRow]:
    """Return the deliveries that named a release, newest first."""
    columns = [delivery.c[name] for name in DeliveryRow.__dataclass_fields__]
    query = (
        select(*columns)
        .where(delivery.c.release_id == release_id)
        .order_by(delivery.c.id.desc())
        .limit(limit)
    )
    return [DeliveryRow(*row) for row in conn.execute(query)]


def was_told_of_newer(conn: Connection, app_id: str) -> bool:
    """Return whether a delivery names a later version than any release still there."""
    there = release.c.app_id == app_id, release.c.gone_at.is_(None)
    newest = select(func.coalesce(func.max(release.c.version), 0)).where(*there)
    query = select(delivery.c.id).where(
        delivery.c.app_id == app_id, delivery.c.version > newest.scalar_subquery()
    )
    return conn.execute(query.limit(1)).first() is not None


def active(
    conn: Connection, target_id: str | None, *, but: Collection[str] = ()
) -> tuple[int, ...]:
    """Return the ids of the active promotions on a target, oldest first, without rollbacks.

    Without a target: those on any target except the ones in `but`.
    """
    c = promotion.c
    query = select(c.id).where(c.status.in_(ACTIVE), c.kind == PromotionKind.PROMOTE).order_by(c.id)
    if target_id is not None:
        query = query.where(c.target_id == target_id)
    elif but:
        query = query.where(c.target_id.not_in(but))
    return tuple(conn.execute(query).scalars())


def look_of(conn: Connection, app_id: str) -> Look:
    """Return when the app is looked at next, and what went wrong the last time."""
    query = select(sync.LOOKS.due.label("at"), app.c.look_error).where(app.c.id == app_id)
    row = conn.execute(query).one()
    return Look(row.at, row.look_error)


def waited_for(conn: Connection) -> list[str]:
    """Return the targets that promotions wait for, sorted by id."""
    query = select(func.distinct(promotion.c.target_id)).where(promotion.c.status == Status.WAITING)
    return sorted(conn.execute(query).scalars())


_QUEUES = {
    "promotion": (promotion, promotion.c.due_at),
    "look": (app, sync.LOOKS.due),
    "chore": (chore, chore.c.due_at),
    "notice": (notice, notice.c.due_at),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of what is stored, and how late the work is."""

    promotions: dict[str, int]  # by status
    deliveries: dict[str, int]  # by what became of them
    open_holds: int
    lags: dict[str, float]  # seconds that the work due longest has waited, by queue


def read(conn: Connection) -> Figures:
    """Count everything now, and measure the lag of each queue."""
    return Figures(
        promotions=_counts(conn, promotion.c.status),
        deliveries=_counts(conn, _fate()),
        open_holds=conn.execute(
            select(func.count()).select_from(hold).where(hold.c.released_at.is_(None))
        ).scalar_one(),
        lags={name: _lag(conn, name) for name in _QUEUES},
    )


def _fate() -> ColumnElement[str]:
    return case(
        (delivery.c.settled_at.is_(None), "undecided"),
        (delivery.c.outcome.startswith("not understood"), "not_understood"),
        (delivery.c.outcome.startswith("ignored"), "ignored"),
        else_="decided",
    )


def _counts(conn: Connection, by: ColumnElement[str]) -> dict[str, int]:
    label = by.label("label")
    rows = conn.execute(select(label, func.count()).group_by(label).order_by(label))
    return {name: count for name, count in rows}  # noqa: C416 - rows are no pairs to the type checker


def _lag(conn: Connection, name: str) -> float:
    table, due = _QUEUES[name]
    free = or_(table.c.lease_until.is_(None), table.c.lease_until < func.now())
    waited = func.extract("epoch", func.now() - func.min(due))
    return float(conn.execute(select(waited).where(due <= func.now(), free)).scalar_one() or 0)
