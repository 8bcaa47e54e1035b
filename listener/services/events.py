"""What happened, as it came: deliveries of Heroku's, and what was decided on promotions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from listener.db import apps, deliveries, queries, rules
from listener.db.queries import Decision, DeliveryRow
from listener.inventory.context import Context
from listener.roles import Scope
from listener.services import apps as named
from listener.services import presenters
from listener.services.views import Names

ARRIVED, REPLAYED, SETTLED = "arrived", "replayed", "settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """One thing that happened: to a delivery, or to a promotion."""

    id: str
    at: datetime
    event: str
    message: str
    app_id: str | None  # that it is about: a promotion's target
    version: int | None  # of the source, for a promotion
    promotion_id: int | None = None
    delivery_id: int | None = None
    source_id: str | None = None  # of a promotion
    names: Names


def list_(
    context: Context, *, app: str | None, since: datetime | None, limit: int
) -> list[EventView]:
    """Return what happened last, the newest at the end; since a moment and of one app, if given."""
    with context.database.begin() as conn:
        app_id, scope = named.find_id(context, conn, app), context.reach.sees
        told = _deliveries(conn, app_id=app_id, scope=scope, limit=limit)
        decided = queries.decisions(conn, app_id=app_id, scope=scope, limit=limit)
        ids = {row.app_id for row in told if row.app_id is not None}
        names = apps.names(conn, ids.union(*({row.source_id, row.target_id} for row in decided)))
        acted = {row.rule_id for row in decided if row.rule_id is not None}
        hidden = rules.hidden_names(conn, acted, scope=scope)
    found = [
        *(each for row in told for each in _of_delivery(row, names)),
        *(_of_decision(row, names, hidden.get(row.rule_id or 0)) for row in decided),
    ]
    wanted = [each for each in found if since is None or each.at >= since]
    return sorted(wanted, key=lambda each: (each.at, each.id))[-limit:]


def _deliveries(
    conn: Connection, *, app_id: str | None, scope: Scope, limit: int
) -> list[DeliveryRow]:
    """Return the newest deliveries, and old ones that were decided anew, each once."""
    newest = deliveries.list_(conn, app_id=app_id, scope=scope, limit=limit)
    anew = deliveries.asked_again(conn, app_id=app_id, scope=scope, limit=limit)
    return list({row.id: row for row in (*newest, *anew)}.values())


def _of_delivery(row: DeliveryRow, names: Names) -> Iterator[EventView]:
    """Yield that it arrived, that somebody had it decided anew, and what became of it.

    What became of it then is another event, of another id.
    """
    anew = row.asked_again_at
    again = f"-{anew:%Y%m%dT%H%M%S.%f}" if anew is not None else ""
    moments = [(row.received_at, f"delivery-{row.id}", ARRIVED, row.action)]
    if anew is not None:
        moments.append((anew, f"replay-{row.id}{again}", REPLAYED, ""))
    if row.settled_at is not None:
        moments.append((row.settled_at, f"outcome-{row.id}{again}", SETTLED, row.outcome))
    for at, id, event, message in moments:
        yield EventView(
            id=id,
            at=at,
            event=event,
            message=message or "",
            app_id=row.app_id,
            version=row.version,
            delivery_id=row.id,
            names=names,
        )


def _of_decision(row: Decision, names: Names, rule: str | None) -> EventView:
    return EventView(
        id=f"decision-{row.id}",
        at=row.at,
        event=row.event,
        message=presenters.unnamed(row.message, rule) if rule is not None else row.message,
        app_id=row.target_id,
        version=row.version,
        promotion_id=row.promotion_id,
        source_id=row.source_id,
        names=names,
    )
