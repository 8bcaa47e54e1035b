"""Decide once more on what a delivery was about, as if Heroku told it now."""

from __future__ import annotations

from listener.db import apps, audit, deliveries, releases, waiting_promotions
from listener.db.queries import DeliveryRow
from listener.errors import Conflict, NotFound
from listener.inventory.context import Context
from listener.services.apps import number_of
from listener.services.views import DeliveryView


def get(context: Context, delivery_id: str) -> DeliveryView:
    """Return one delivery. Raises NotFound."""
    row = _find(context, delivery_id)
    with context.database.begin() as conn:
        names = apps.names(conn, [row.app_id] if row.app_id is not None else [])
        return DeliveryView(row, names.get(row.app_id or ""))


def replay(context: Context, delivery_id: str, *, by: str) -> DeliveryView:
    """Have a delivery decided anew. What was promoted already stays so: nothing is posted twice.

    Said again before it is decided, it changes nothing. Raises NotFound, Forbidden, and Conflict
    where it names no release.
    """
    found = _find(context, delivery_id)
    if found.app_id is None or found.release_id is None:
        message = f"Delivery {found.id} names no release: there is nothing to decide on."
        raise Conflict("not_in_this_state", message)
    with context.database.begin() as conn:
        app = apps.lock(conn, [found.app_id])[found.app_id]
        context.reach.check(app.name)
        row = deliveries.find(conn, found.id)
        if row is None:
            raise _unknown()
        if row.settled_at is None:
            return DeliveryView(row, app.name)
        releases.decide_once_more(conn, app.id, found.release_id)
        deliveries.decide_anew(conn, row.id)
        waiting_promotions.reschedule_source(conn, app.id)
        audit.record(
            conn,
            by=by,
            action="delivery.replayed",
            subject_type="delivery",
            subject_id=str(row.id),
            subject_name=app.name,
            before={"outcome": row.outcome},
        )
        anew = deliveries.find(conn, row.id)
        return DeliveryView(anew or row, app.name)


def _find(context: Context, delivery_id: str) -> DeliveryRow:
    number = number_of(delivery_id)
    with context.database.begin() as conn:
        scope = context.reach.sees
        row = deliveries.find(conn, number, scope=scope) if number is not None else None
    if row is None:
        raise _unknown()
    return row


def _unknown() -> NotFound:
    return NotFound("delivery", "Couldn't find that delivery.")
