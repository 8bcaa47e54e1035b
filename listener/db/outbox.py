"""The outbox to GitHub and to receivers of events: what each is to be told of a promotion.

A row is one promotion for one channel. It becomes due in the statement that writes an event of the
promotion, where somebody wants the channel; `told_event` says how far it is told. The events of a
promotion are written under the lock of its row, so their numbers are in order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    Connection,
    FromClause,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import insert as upsert

from listener.core.deployments import Event
from listener.core.promotion import UNFINISHED, PromotionKind, Status
from listener.db import queue
from listener.db.fixed import value
from listener.db.outbox_tables import outbox as table
from listener.db.outbox_tables import outbox_channel, rule_receiver
from listener.db.scopes import within
from listener.db.tables import promotion, promotion_event, rule
from listener.roles import Scope

# A promotion is on its way at once; to tell of it can wait for a moment, and then tells once of
# what follows quickly. The poll finds it in time: nobody is notified.
AFTERWARDS = timedelta(seconds=2)
LATELY = timedelta(days=7)
DEPLOYMENT = "deployment"
COMMIT_STATUS = "commit-status"
EVENTS = "events"  # and who names the receiver, and its mark
SETTINGS, _OF_RULE = "settings", "rule-"
# During a deploy, newer code runs beside this one and may know more of them.
_KNOWN = func.split_part(table.c.channel, " ", 1).in_([DEPLOYMENT, COMMIT_STATUS, EVENTS])
WORDS = queue.WorkKind(table, table.c.due_at, _KNOWN)


def told_with(said: CTE, written: FromClause) -> CTE:
    """Build what makes the promotion's rows due with the event that is `said` of it.

    Where nobody wants a channel, nothing is written.
    """
    c = outbox_channel.c
    is_wanted = or_(c.app_id.is_(None), c.app_id == written.c.target_id)
    wanted = (
        select(said.c.promotion_id, c.name.label("channel"))
        .select_from(said.join(written, written.c.id == said.c.promotion_id))
        .join(outbox_channel, is_wanted)
    )
    begun = select(said.c.promotion_id, table.c.channel).join(
        table, table.c.promotion_id == said.c.promotion_id
    )
    both = union(wanted, begun).subquery("wanted")
    new = upsert(table).from_select(
        ["promotion_id", "channel", "told_event", "due_at"],
        select(
            both.c.promotion_id,
            both.c.channel,
            said.c.id - 1,
            func.clock_timestamp() + literal(AFTERWARDS),
        ).join(said, said.c.promotion_id == both.c.promotion_id),
    )
    return new.on_conflict_do_update(
        index_elements=["promotion_id", "channel"], set_={"due_at": new.excluded.due_at}
    ).cte("told")


# Who wants to hear.


def owner_of(rule_id: int | None) -> str:
    """Return the word for the rule, or else the settings, that name a receiver of events."""
    return f"{_OF_RULE}{rule_id}" if rule_id is not None else SETTINGS


def channel_of(mark: str, rule_id: int | None = None) -> str:
    """Return the name of the channel to the receiver with this mark, as one owner names it."""
    return f"{EVENTS} {owner_of(rule_id)} {mark}"


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel that somebody wants, for the promotions to one app or for all."""

    name: str
    app_id: str | None = None


def want(conn: Connection, channels: Iterable[Channel], *, rule_id: int | None = None) -> None:
    """Replace what a rule, or else the settings, want by these channels.

    Of processes that start together, one comes after the other: each channel is stored once.
    """
    conn.execute(text("LOCK TABLE outbox_channel IN SHARE ROW EXCLUSIVE MODE"))
    c = outbox_channel.c
    its_own = c.rule_id == rule_id if rule_id is not None else c.rule_id.is_(None)
    stored = [
        (row.id, Channel(row.name, row.app_id))
        for row in conn.execute(select(outbox_channel).where(its_own))
    ]
    known, wanted = {channel: id for id, channel in stored}, set(channels)
    if gone := [id for id, each in stored if each not in wanted or known[each] != id]:
        conn.execute(delete(outbox_channel).where(c.id.in_(gone)))
    if new := sorted(wanted - known.keys(), key=lambda each: (each.name, each.app_id or "")):
        values = [{"name": each.name, "rule_id": rule_id, "app_id": each.app_id} for each in new]
        conn.execute(insert(outbox_channel), values)


def rule_of(channel: str) -> int | None:
    """Return the rule that names the receiver of a channel; None where the settings do."""
    number = channel.split(" ")[1].removeprefix(_OF_RULE)
    return int(number) if number.isdecimal() else None


def forget_receivers(conn: Connection) -> None:
    """Delete the receivers of removed rules that are owed nothing more: their URLs are secrets."""
    c = rule_receiver.c
    is_its = table.c.channel == func.concat(f"{EVENTS} {_OF_RULE}", c.rule_id, " ", c.mark)
    is_untold = select(table.c.id).where(is_its, table.c.due_at.is_not(None))
    goes_on = select(table.c.id).where(is_its, table.c.promotion_id == promotion.c.id)
    unfinished = promotion.c.status.in_(sorted(UNFINISHED))
    removed = select(rule.c.id).where(rule.c.removed_at.is_not(None))
    conn.execute(
        delete(rule_receiver)
        .where(c.rule_id.in_(removed), ~is_untold.exists())
        .where(~select(promotion.c.id).where(unfinished, goes_on.exists()).exists())
    )


# What is to be told.


def since(conn: Connection, promotion_id: int, told_event: int) -> list[Event]:
    """Return the promotion's events after this one, oldest first."""
    c = promotion_event.c
    query = select(c.id, c.event, c.message, c.at).where(
        c.promotion_id == promotion_id, c.id > told_event
    )
    return [Event(*row) for row in conn.execute(query.order_by(c.id))]


def first_event(conn: Connection, promotion_id: int) -> int | None:
    """Return the number of the promotion's first event."""
    c = promotion_event.c
    query = select(func.min(c.id)).where(c.promotion_id == promotion_id)
    found: int | None = conn.execute(query).scalar()
    return found


def replaced_by(conn: Connection, promotion_id: int, target_id: str, channel: str) -> int | None:
    """Return the promotion that gave the target other code after this one ended, if one did.

    Only those that are told in the same channel count, for its readers know of no others.
    """
    c = promotion.c
    mine = select(c.ended_at).where(c.id == promotion_id).scalar_subquery()
    runs = or_(
        c.status == Status.SUCCEEDED,
        (c.status == Status.ROLLED_BACK) & (c.kind == PromotionKind.ROLLBACK),
        (c.status == Status.FAILED) & c.verification["outcome"].astext.is_not(None),
    )
    is_told = (table.c.promotion_id == c.id) & (table.c.channel == channel)
    query = (
        select(c.id)
        .where(c.target_id == target_id, c.ended_at > mine, c.id != promotion_id, runs)
        .where(select(table.c.id).where(is_told).exists())
        .order_by(c.ended_at)
    )
    found: int | None = conn.execute(query.limit(1)).scalar()
    return found


def stir_replaced(conn: Connection, promotion_id: int, target_id: str, channel: str) -> None:
    """Make due what the channel still shows as running on the target, but for this promotion's."""
    c = table.c
    others = (
        select(c.id)
        .join(promotion, promotion.c.id == c.promotion_id)
        .where(c.channel == channel, c.shown == "success", c.promotion_id != promotion_id)
        .where(promotion.c.target_id == target_id)
    )
    conn.execute(update(table).where(c.id.in_(others)).values(due_at=func.clock_timestamp()))


def pending_of(conn: Connection, target_id: str, place: dict[str, str]) -> int:
    """Return how many commit statuses of what waits were told in this place."""
    told = func.coalesce(func.sum(table.c.state["pending"].as_integer()), 0)
    query = (
        select(told)
        .join(promotion, promotion.c.id == table.c.promotion_id)
        .where(promotion.c.target_id == target_id, table.c.channel == COMMIT_STATUS)
        .where(table.c.state.contains(place))
    )
    return int(conn.execute(query).scalar_one())


@dataclass(frozen=True, slots=True)
class Untold:
    """What one channel was last not told of an app's promotions, and why."""

    channel: str
    promotion_id: int
    target_id: str
    error: str
    is_given_up: bool


def untold(conn: Connection, *, scope: Scope, most: int = 20) -> list[Untold]:
    """Return what was not told lately, the newest of each channel, app and reason."""
    c = table.c
    is_late = c.created_at > func.now() - literal(LATELY)
    where = (
        c.error.is_not(None),
        is_late,
        *within(scope, promotion.c.source_id, promotion.c.target_id),
    )
    newest = (
        select(func.max(c.id))
        .join(promotion, promotion.c.id == c.promotion_id)
        .where(*where)
        .group_by(c.channel, promotion.c.target_id, c.error)
    )
    query = (
        select(c.channel, c.promotion_id, promotion.c.target_id, c.error, c.due_at.is_(None))
        .join(promotion, promotion.c.id == c.promotion_id)
        .where(c.id.in_(newest))
        .order_by(c.id.desc())
    )
    return [Untold(*row) for row in conn.execute(query.limit(most))]


# What the holder of a claim writes.


def advance(conn: Connection, claim: queue.Claim, **values: Any) -> None:
    """Store what was told, or is about to be, and go on. Raises LeaseLost.

    What was told ends the failures before it: what fails next has its whole time.
    """
    queue.renew(conn, claim)
    if "shown" in values:
        values |= {"told_at": queue.NOW, "failing_since": None, "error": None}
    conn.execute(update(table).where(queue.fenced(claim)).values(**values))


_SEEN = value("seen_due", TIMESTAMP(timezone=True))
# What was said meanwhile is still to be told.
_UNLESS_NEWS = case((table.c.due_at == _SEEN, None), else_=table.c.due_at)


def settle(conn: Connection, claim: queue.Claim, **values: Any) -> None:
    """Release the claim; the row is due again only if there is news. Raises LeaseLost."""
    told = {"failing_since": None, "error": None, **values}
    given = {"seen_due": claim.row.due_at}
    queue.write(conn, claim, given=given, due_at=_UNLESS_NEWS, **told)


def again(conn: Connection, claim: queue.Claim, pause: timedelta, **values: Any) -> None:
    """Release the claim, and try again after a pause. Raises LeaseLost."""
    due_at = func.clock_timestamp() + literal(pause)
    queue.write(conn, claim, due_at=due_at, **{"attempt": claim.attempt, **values})
