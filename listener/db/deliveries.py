"""Deliveries: what Heroku's webhooks told us, stored before we answer."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from sqlalchemy import Boolean, Connection, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from listener.db.queries import DeliveryRow
from listener.db.queue import notify
from listener.db.tables import delivery as table


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An authentic delivery as it arrived; one with an outcome is settled at once."""

    key: str  # idempotency key: the same each time the same delivery arrives
    subscription_id: int
    app_id: str
    body: bytes = field(repr=False)  # encrypted
    outcome: str | None = None
    delivery_id: str | None = None
    event_id: str | None = None
    action: str | None = None
    resource: str | None = None
    release_id: str | None = None
    version: int | None = None
    status: str | None = None
    artifact: str | None = None
    commit: str | None = None
    stack: str | None = None


def add(conn: Connection, arrival: Arrival) -> bool:
    """Store a delivery, due for a look at its app; return whether it is new.

    A delivery that is stored already is only counted. The app's row is not written to: a look may
    hold its lock, and Heroku waits for our answer.
    """
    values = {item.name: getattr(arrival, item.name) for item in fields(Arrival)}
    now = func.clock_timestamp()
    values |= {"due_at": now} if arrival.outcome is None else {"due_at": None, "settled_at": now}
    again = {"times": table.c.times + 1, "last_received_at": func.clock_timestamp()}
    statement = insert(table).values(values)
    statement = statement.on_conflict_do_update(index_elements=["key"], set_=again)
    # A row that this statement inserted was never locked, so its xmax is 0; an updated one was.
    is_new = conn.execute(statement.returning(literal_column("xmax = 0", Boolean))).scalar_one()
    if is_new and arrival.outcome is None:
        notify(conn)
    return bool(is_new)


def list_(conn: Connection, *, app_id: str | None = None, limit: int = 100) -> list[DeliveryRow]:
    """Return the deliveries, newest first; with `app_id`, those about this app."""
    columns = [table.c[item.name] for item in fields(DeliveryRow)]
    query = select(*columns).order_by(table.c.id.desc()).limit(limit)
    if app_id is not None:
        query = query.where(table.c.app_id == app_id)
    return [DeliveryRow(*row) for row in conn.execute(query)]
