"""Deliveries: what Heroku's webhooks told us, stored before we answer."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Integer,
    Text,
    Update,
    case,
    cast,
    column,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON, insert

from listener.db.fixed import Fixed, value
from listener.db.queries import DeliveryRow
from listener.db.queue import notify, notify_app
from listener.db.scopes import within
from listener.db.tables import delivery as table
from listener.roles import EVERYTHING, Scope


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


_NAMES = tuple(item.name for item in fields(Arrival))


def _adding() -> Insert:
    """Build the statement that stores any number of deliveries, given as JSON.

    An array for each column takes the driver twice as long, and the database a third longer.
    """
    names = (*_NAMES, "times")
    kinds = {name: table.c[name].type for name in names} | {"body": Text()}  # JSON has no bytes
    columns = [column(name, kind) for name, kind in kinds.items()]
    all_given = func.json_to_recordset(cast(value("given", Text), JSON))
    given = all_given.table_valued(*columns, name="given").render_derived(with_types=True)
    now, is_due = func.clock_timestamp(), given.c.outcome.is_(None)
    # Without this an insert waits for whoever is settling what it repeats, conflict or not.
    # Looked up for each: a plan of a join, made while the table was small, reads all of it later.
    same = select(table.c.id).where(table.c.key == given.c.key).limit(1)
    is_new = same.correlate(given).scalar_subquery().is_(None)
    values = [func.decode(each, "base64") if each.name == "body" else each for each in given.c]
    rows = select(*values, case((is_due, now)), case((~is_due, now))).where(is_new)
    statement = insert(table).from_select([*names, "due_at", "settled_at"], rows)
    statement = statement.on_conflict_do_nothing(index_elements=["key"])
    told = case((table.c.outcome.is_(None), notify_app(table.c.app_id)))
    return statement.returning(table.c.key, told.label("told"))


def _counting() -> Update:
    """Build the statement that counts repeats, but those of rows that somebody holds."""
    arrays = value("keys", ARRAY(Text)), value("times", ARRAY(Integer))
    columns = column("key", Text), column("times", Integer)
    again = func.unnest(*arrays).table_valued(*columns, name="again").render_derived()
    free = select(table.c.id).where(table.c.key.in_(select(again.c.key)))
    free = free.with_for_update(of=table, skip_locked=True, key_share=True)
    statement = update(table).where(table.c.id.in_(free), table.c.key == again.c.key)
    values = {"times": table.c.times + again.c.times, "last_received_at": func.clock_timestamp()}
    return statement.values(values)


_ADD, _COUNT = Fixed(_adding()), Fixed(_counting())


def add(conn: Connection, arrival: Arrival) -> bool:
    """Store a delivery, due for a look at its app; return whether it is new."""
    return bool(add_all(conn, [arrival]))


def add_all(conn: Connection, arrivals: Iterable[Arrival]) -> set[str]:
    """Store deliveries, each due for a look at its app; return the keys of the new ones.

    Those that are stored already are only counted. No app's row is written to, and no row waited
    for that a look may hold, since Heroku waits for our answer: a repeat is not counted while
    somebody settles what it repeats.
    """
    times = Counter[str]()
    first: dict[str, Arrival] = {}
    for arrival in arrivals:
        times[arrival.key] += 1
        first.setdefault(arrival.key, arrival)
    # In one order everywhere, so that two transactions never wait for each other.
    ordered = [first[key] for key in sorted(first)]
    given = json.dumps([_told(arrival, times[arrival.key]) for arrival in ordered])
    new = {row.key for row in _ADD.rows(conn, given=given)}
    if again := {key: count for key, count in times.items() if key not in new}:
        _COUNT.write(conn, keys=list(again), times=list(again.values()))
    return new


def _told(arrival: Arrival, times: int) -> dict[str, Any]:
    """Return what JSON says of a delivery; a value that is not there is none."""
    values = {name: getattr(arrival, name) for name in _NAMES}
    body = base64.b64encode(arrival.body).decode()
    return {**values, "body": body, "times": times}


def find(conn: Connection, delivery_id: int, *, scope: Scope = EVERYTHING) -> DeliveryRow | None:
    """Return the delivery with this id, if there is one about an app in scope."""
    columns = [table.c[item.name] for item in fields(DeliveryRow)]
    query = select(*columns).where(table.c.id == delivery_id, *within(scope, table.c.app_id))
    row = conn.execute(query).one_or_none()
    return DeliveryRow(*row) if row is not None else None


def decide_anew(conn: Connection, delivery_id: int) -> None:
    """Take back what a delivery came to: the next look at its app decides, and settles it.

    For how long errors of Heroku are borne is counted from now on.
    """
    now = func.clock_timestamp()
    anew = {"outcome": None, "settled_at": None, "due_at": now, "asked_again_at": now}
    conn.execute(update(table).where(table.c.id == delivery_id).values(anew))
    notify(conn, "app")


def list_(
    conn: Connection,
    *,
    app_id: str | None = None,
    scope: Scope = EVERYTHING,
    before: int | None = None,
    limit: int = 100,
) -> list[DeliveryRow]:
    """Return the deliveries about apps in scope, newest first; with `app_id`, those about it.

    `before` keeps what is older than the delivery with that id.
    """
    newest, older = table.c.id.desc(), () if before is None else (table.c.id < before,)
    return _listed(conn, newest, *older, app_id=app_id, scope=scope, limit=limit)


def asked_again(
    conn: Connection, *, app_id: str | None, scope: Scope, limit: int
) -> list[DeliveryRow]:
    """Return those that somebody had decided anew, the last first, however old they are."""
    last, is_one = table.c.asked_again_at.desc(), table.c.asked_again_at.is_not(None)
    return _listed(conn, last, is_one, app_id=app_id, scope=scope, limit=limit)


def _listed(
    conn: Connection,
    order: ColumnElement[Any],
    *where: ColumnElement[bool],
    app_id: str | None,
    scope: Scope,
    limit: int,
) -> list[DeliveryRow]:
    columns = [table.c[item.name] for item in fields(DeliveryRow)]
    query = select(*columns).where(*where, *within(scope, table.c.app_id))
    query = query.order_by(order).limit(limit)
    if app_id is not None:
        query = query.where(table.c.app_id == app_id)
    return [DeliveryRow(*row) for row in conn.execute(query)]
