"""Looks at apps (syncs of their releases), reconcile and webhook checks, claimed like any work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Text,
    any_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert

from listener.core.release import Release
from listener.db import apps, queue
from listener.db.fixed import Fixed, value
from listener.db.queue import notify
from listener.db.tables import app, chore, delivery, release, rule, rule_target, subscription

RECONCILE = "reconcile"
MOMENT = TIMESTAMP(timezone=True)


def _put_off(conn: Connection, app_id: Any, due_at: ColumnElement[datetime]) -> None:
    """Put off a look that broke, whatever asks for it now."""
    conn.execute(update(app).where(app.c.id == app_id).values(look_at=due_at))
    undecided = delivery.c.app_id == app_id, delivery.c.settled_at.is_(None)
    conn.execute(update(delivery).where(*undecided).values(due_at=due_at))


# An undecided delivery is due by itself, so that storing it touches no row that a look holds.
_TOLD_AT = (
    select(func.min(delivery.c.due_at))
    .where(delivery.c.app_id == app.c.id, delivery.c.settled_at.is_(None))
    .correlate(app)
    .scalar_subquery()
)
LOOKS = queue.WorkKind(app, func.least(app.c.look_at, _TOLD_AT), put_off=_put_off)
CHORES = queue.WorkKind(chore, chore.c.due_at, chore.c.name == RECONCILE)


@dataclass(frozen=True, slots=True)
class PendingDelivery:
    """The content of an undecided delivery."""

    id: int
    resource: str | None
    release_id: str | None
    version: int | None
    status: str | None
    artifact: str | None
    commit: str | None
    stack: str | None
    received_at: datetime


def undecided(conn: Connection, app_id: str) -> list[PendingDelivery]:
    """Return the deliveries about this app that are not settled, oldest first."""
    return [PendingDelivery(*tuple(row)) for row in _UNDECIDED.rows(conn, app_id=app_id)]


# In the order of their index, which so is better than any other even where the table seems empty:
# by another one, all deliveries of the app would be read. They are few, and are sorted afterwards.
_OF_APP = (
    select(*(delivery.c[name] for name in PendingDelivery.__dataclass_fields__))
    .where(delivery.c.app_id == value("app_id", Text), delivery.c.settled_at.is_(None))
    .order_by(delivery.c.due_at)
    .offset(0)
    .subquery()
)
_UNDECIDED = Fixed(select(_OF_APP).order_by(_OF_APP.c.id))


def settle(conn: Connection, outcomes: dict[int, str]) -> None:
    """Store the final outcomes of deliveries, by id."""
    if outcomes:
        _SETTLE.write(conn, ids=list(outcomes), outcomes=list(outcomes.values()))


_SETTLE = Fixed("""
UPDATE delivery SET outcome = told.outcome, settled_at = clock_timestamp()
FROM unnest(CAST(:ids AS bigint[]), CAST(:outcomes AS text[])) AS told (id, outcome)
WHERE delivery.id = told.id
""")


def remark(conn: Connection, told_ids: Iterable[int], outcome: str) -> None:
    """Store a provisional outcome for those of these deliveries that are not settled yet."""
    if ids := list(told_ids):
        _REMARK.write(conn, ids=ids, outcome=outcome)


_LEFT = delivery.c.id == any_(value("ids", ARRAY(BigInteger))), delivery.c.settled_at.is_(None)
_REMARK = Fixed(update(delivery).where(*_LEFT).values(outcome=value("outcome", Text)))
_POSTPONE = Fixed(update(delivery).where(*_LEFT).values(due_at=value("due_at", MOMENT)))


def finish(
    conn: Connection,
    claim: queue.Claim,
    *,
    again_at: datetime | None,
    error: str | None,
    told: Iterable[int] = (),
) -> None:
    """Release the app, due again at `again_at`, or sooner if a delivery arrived meanwhile.

    `told` are the deliveries that were there before the read; later ones stay due. Raises
    LeaseLost.
    """
    if again_at is not None and (ids := list(told)):
        _POSTPONE.write(conn, ids=ids, due_at=again_at)
    times = {"claimed_at": claim.claimed_at, "again_at": again_at, "seen_at": claim.row.look_at}
    later: dict[str, Any] = _NEXT if error is not None else _NEXT | _NOTHING_MORE
    attempt = claim.attempt if error else 0
    later = {**later, "look_error": error, "attempt": attempt}
    queue.write(conn, claim, is_live=error is None, given=times, **later)


def _unless_asked(column: ColumnElement[Any], wanted: ColumnElement[Any]) -> ColumnElement[Any]:
    """Build what becomes of a column: whoever asked for another look meanwhile gets it."""
    return case(
        (app.c.look_at.is_not_distinct_from(value("seen_at", MOMENT)), wanted), else_=column
    )


_AGAIN_AT = value("again_at", MOMENT)
_SINCE = case(
    (_AGAIN_AT.is_not(None), func.coalesce(app.c.look_since, value("claimed_at", MOMENT))),
    else_=None,
)
_NEXT = {
    "look_at": _unless_asked(app.c.look_at, _AGAIN_AT),
    "look_since": _unless_asked(app.c.look_since, _SINCE),
}
_NOTHING_MORE = {"must_read": _unless_asked(app.c.must_read, false())}


@dataclass(frozen=True, slots=True)
class Told:
    """Whether a delivery ever named a release, and its commit, where one is known."""

    was_told: bool
    commit: str | None


def told_of(conn: Connection, app_id: str, found: Release) -> Told:
    """Return what is known of a release beside what Heroku's list shows."""
    values = {"app_id": app_id, "release_id": found.id, "artifact": found.artifact}
    was_told, commit = tuple(_TOLD_OF.rows(conn, **values)[0])
    return Told(was_told, commit)


_TOLD_OF = Fixed(
    select(
        exists().where(delivery.c.release_id == value("release_id", Text)),
        select(func.max(release.c.commit))
        .where(release.c.app_id == value("app_id", Text))
        .where(release.c.artifact == value("artifact", Text))
        .scalar_subquery(),
    )
)


def ended_deliveries(conn: Connection, app_id: str, older_than: timedelta, outcome: str) -> None:
    """Settle deliveries that stayed undecided for too long since they came, or were replayed."""
    undecided_since = func.greatest(delivery.c.received_at, delivery.c.asked_again_at)
    old = undecided_since < func.now() - literal(older_than)
    where = delivery.c.app_id == app_id, delivery.c.settled_at.is_(None), old
    values = {"outcome": outcome, "settled_at": func.clock_timestamp()}
    conn.execute(update(delivery).where(*where).values(values))


# Reconcile: a chore of any one process, which only makes every app due for a look.


def ask_reconcile(conn: Connection) -> None:
    """Make the next reconcile due now, as at the start of the listener."""
    statement = insert(chore).values(name=RECONCILE, due_at=func.now())
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"due_at": func.least(chore.c.due_at, func.now())}
        )
    )
    notify(conn, "chore")


def reconcile(conn: Connection, claim: queue.Claim, every: timedelta) -> int:
    """Make every source and target of a rule that is not off due for a look; return how many."""
    live = rule.c.removed_at.is_(None) & (rule.c.mode != "off")
    sources = select(rule.c.source_id).where(live)
    targets = (
        select(rule_target.c.app_id).join(rule, rule.c.id == rule_target.c.rule_id).where(live)
    )
    used = select(app.c.id).where(or_(app.c.id.in_(sources), app.c.id.in_(targets)))
    ids = list(apps.lock(conn, conn.execute(used).scalars().all()))
    now = func.clock_timestamp()
    # A look under way may have read already: a new time makes another one follow.
    at = case((app.c.lease_until > now, now), else_=func.least(app.c.look_at, now))
    statement = (
        update(app)
        .where(app.c.id.in_(ids))
        .values(must_read=True, look_at=at, look_since=func.coalesce(app.c.look_since, now))
    )
    looked_at = conn.execute(statement).rowcount
    queue.write(conn, claim, due_at=func.now() + literal(every))
    notify(conn, "app")
    return looked_at


PREFIX = "webhook "
WEBHOOKS = queue.WorkKind(chore, chore.c.due_at, chore.c.name.startswith(PREFIX))


def ask(conn: Connection) -> None:
    """Make a check of every live webhook that Heroku has due now."""
    names = select(literal(PREFIX) + cast(subscription.c.id, Text), func.now()).where(
        subscription.c.removed_at.is_(None), subscription.c.heroku_id.is_not(None)
    )
    statement = insert(chore).from_select(["name", "due_at"], names)
    conn.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"due_at": func.now()})
    )
    notify(conn, "chore")


def subscription_of(claim: queue.Claim) -> int:
    """Return the id of the subscription that a claimed chore is about."""
    return int(str(claim.key).removeprefix(PREFIX))


def finish_check(conn: Connection, claim: queue.Claim) -> None:
    """Mark the chore as done until the next reconcile. Raises LeaseLost."""
    queue.write(conn, claim, due_at=None)
