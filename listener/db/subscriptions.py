"""Our webhooks on source apps, and the secrets that Heroku signs with, always encrypted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    delete,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from listener.db.fixed import Fixed, value
from listener.db.scopes import within
from listener.db.tables import secret
from listener.db.tables import subscription as table
from listener.roles import EVERYTHING, Scope

# Heroku retries for 72 h, and a retry may still carry the signature of the time of its event.
PREVIOUS_FOR = timedelta(hours=72)
_DELIVERED_STEP = timedelta(seconds=10)  # people read it, nothing decides by it


class SecretState(StrEnum):
    """Whether Heroku is known to sign with a secret."""

    PENDING = "pending"  # stored, perhaps already sent
    CURRENT = "current"
    PREVIOUS = "previous"


@dataclass(frozen=True, slots=True)
class SecretRow:
    """The state of a secret; only `live_secrets` and `sealed` return its encrypted bytes."""

    id: int
    state: SecretState
    created_at: datetime
    proved_at: datetime | None
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """Our webhook on a source app, as we last knew it."""

    id: int
    app_id: str
    heroku_id: str | None
    url: str
    level: str
    is_healthy: bool | None
    health: str | None
    last_delivery_at: datetime | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    removed_at: datetime | None
    secrets: tuple[SecretRow, ...]

    def secret(self, state: SecretState) -> SecretRow | None:
        """Return the newest secret in this state, if there is one."""
        return next((secret for secret in self.secrets if secret.state is state), None)


@dataclass(frozen=True, slots=True)
class LiveSecret:
    """A secret that a delivery may be signed with."""

    id: int
    subscription_id: int
    app_id: str
    heroku_id: str | None
    sealed: bytes
    state: SecretState
    proved_at: datetime | None
    is_noted: bool  # its subscription's latest delivery on record is from just now


_PLAIN = tuple(name for name in SubscriptionRow.__dataclass_fields__ if name != "secrets")
_LIVE = table.c.removed_at.is_(None)


def _is_valid() -> ColumnElement[bool]:
    """Match valid secrets.

    A previous secret is valid until 72 h have passed and a delivery proved a newer secret.
    """
    newer = secret.alias("newer")
    proved = (
        select(newer.c.id)
        .where(newer.c.subscription_id == secret.c.subscription_id)
        .where(newer.c.id > secret.c.id, newer.c.proved_at.is_not(None))
        .exists()
    )
    in_time = or_(secret.c.valid_until.is_(None), secret.c.valid_until > func.now())
    return or_(secret.c.state != SecretState.PREVIOUS, in_time, ~proved)


def _rows(conn: Connection, found: Sequence[Row[Any]]) -> list[SubscriptionRow]:
    query = (
        select(secret)
        .where(secret.c.subscription_id.in_([row.id for row in found]), _is_valid())
        .order_by(secret.c.id.desc())
    )
    secrets: dict[int, tuple[SecretRow, ...]] = {}
    for row in conn.execute(query):
        state = SecretState(row.state)
        item = SecretRow(row.id, state, row.created_at, row.proved_at, row.valid_until)
        secrets[row.subscription_id] = (*secrets.get(row.subscription_id, ()), item)
    return [
        SubscriptionRow(
            **{name: row._mapping[name] for name in _PLAIN}, secrets=secrets.get(row.id, ())
        )
        for row in found
    ]


def _select(
    conn: Connection, *where: ColumnElement[bool], limit: int | None = None
) -> list[SubscriptionRow]:
    query = select(table).where(*where).order_by(table.c.id.desc()).limit(limit)
    return _rows(conn, conn.execute(query).all())


def live(
    conn: Connection,
    *,
    app_id: str | None = None,
    scope: Scope = EVERYTHING,
    limit: int | None = None,
) -> list[SubscriptionRow]:
    """Return the subscriptions of apps in scope that nobody removed, newest first.

    With an app: its own.
    """
    where = [_LIVE, *within(scope, table.c.app_id)]
    if app_id is not None:
        where.append(table.c.app_id == app_id)
    return _select(conn, *where, limit=limit)


def of_app(conn: Connection, app_id: str) -> SubscriptionRow | None:
    """Return the live subscription of an app, if there is one."""
    return next(iter(live(conn, app_id=app_id)), None)


def find(conn: Connection, subscription_id: int) -> SubscriptionRow | None:
    """Return the live subscription with this id, if there is one."""
    return next(iter(_select(conn, _LIVE, table.c.id == subscription_id)), None)


def lock(conn: Connection, subscription_id: int) -> SubscriptionRow | None:
    """Lock the live subscription with this id until the transaction ends, and return it."""
    query = select(table.c.id).where(table.c.id == subscription_id, _LIVE).with_for_update()
    conn.execute(query).one_or_none()
    return find(conn, subscription_id)


def add(conn: Connection, app_id: str, *, url: str, by: str) -> tuple[SubscriptionRow | None, bool]:
    """Make sure that the app has a live subscription; return it, and whether it was made now.

    It is None where the subscription that was in the way has just been removed.
    """
    statement = (
        upsert(table)
        .values(app_id=app_id, url=url, created_by=by)
        .on_conflict_do_nothing()
        .returning(table.c.id)
    )
    is_made = conn.execute(statement).scalar_one_or_none() is not None
    return of_app(conn, app_id), is_made


def confirm(
    conn: Connection, subscription_id: int, *, heroku_id: str, url: str, level: str
) -> None:
    """Store what Heroku has of the subscription now."""
    _set(
        conn,
        subscription_id,
        heroku_id=heroku_id,
        url=url,
        level=level,
        is_healthy=None,
        health=None,
    )


def note_fault(conn: Connection, subscription_id: int, fault: str | None) -> bool:
    """Store what is wrong with the subscription at Heroku; None where nothing is.

    Return whether that differs from what was stored.
    """
    changed = table.c.id == subscription_id, table.c.health.is_distinct_from(fault)
    values = {"is_healthy": False if fault else None, "health": fault}
    return bool(conn.execute(update(table).where(*changed).values(values)).rowcount)


def remove(conn: Connection, subscription_id: int) -> None:
    """Mark the subscription as removed; delete its secrets, keep its deliveries."""
    _set(conn, subscription_id, removed_at=func.clock_timestamp())
    conn.execute(delete(secret).where(secret.c.subscription_id == subscription_id))


def delivered(conn: Connection, *subscription_ids: int) -> None:
    """Store that deliveries arrived; write at most once in ten seconds, to spare the row.

    A row that somebody holds is passed by: the next delivery writes it.
    """
    wanted = table.c.id.in_(subscription_ids), ~_is_noted()
    free = select(table.c.id).where(*wanted).with_for_update(skip_locked=True, key_share=True)
    statement = update(table).where(table.c.id.in_(free))
    conn.execute(statement.values(last_delivery_at=func.clock_timestamp()))


def _is_noted() -> ColumnElement[bool]:
    last = func.coalesce(table.c.last_delivery_at, literal_column("'-infinity'::timestamptz"))
    return last >= func.clock_timestamp() - literal(_DELIVERED_STEP)


def _set(conn: Connection, subscription_id: int, **values: Any) -> None:
    statement = update(table).where(table.c.id == subscription_id)
    conn.execute(statement.values(updated_at=func.clock_timestamp(), **values))


# Secrets.


def live_secrets(conn: Connection, ids: Collection[int] | None = None) -> list[LiveSecret]:
    """Return every secret that may sign a delivery, of every subscription, newest first.

    With `ids`, return only those of them.
    """
    rows = _SIGNING.rows(conn) if ids is None else _SIGNING_OF.rows(conn, ids=list(ids))
    return [LiveSecret(**{**row._asdict(), "state": SecretState(row.state)}) for row in rows]


_LIVE_SECRETS = (
    select(
        secret.c.id,
        secret.c.subscription_id,
        table.c.app_id,
        table.c.heroku_id,
        secret.c.sealed,
        secret.c.state,
        secret.c.proved_at,
        _is_noted().label("is_noted"),
    )
    .join(table, table.c.id == secret.c.subscription_id)
    .where(_LIVE, _is_valid())
    .order_by(secret.c.id.desc())
)
_SIGNING = Fixed(_LIVE_SECRETS)
_SIGNING_OF = Fixed(_LIVE_SECRETS.where(secret.c.id == func.any(value("ids", ARRAY(BigInteger)))))


def prove(conn: Connection, *secret_ids: int) -> None:
    """Record that Heroku has the secrets: it signed deliveries with them.

    A row that somebody holds is passed by: the next delivery proves it.
    """
    unproved = secret.c.id.in_(secret_ids), secret.c.proved_at.is_(None)
    free = select(secret.c.id).where(*unproved).with_for_update(skip_locked=True, key_share=True)
    statement = update(secret).where(secret.c.id.in_(free))
    conn.execute(statement.values(proved_at=func.clock_timestamp()))


def sealed(conn: Connection, secret_id: int) -> bytes:
    """Return a secret's encrypted bytes."""
    query = select(secret.c.sealed).where(secret.c.id == secret_id)
    return bytes(conn.execute(query).scalar_one())


def add_pending(conn: Connection, subscription_id: int, sealed: bytes) -> int:
    """Store a secret before it is sent to Heroku; return its id."""
    values = {"subscription_id": subscription_id, "sealed": sealed, "state": SecretState.PENDING}
    return int(conn.execute(upsert(secret).values(values).returning(secret.c.id)).scalar_one())


def activate(conn: Connection, subscription_id: int, secret_id: int, *, drop_old: bool) -> None:
    """Mark the secret as current, for Heroku took it; make older ones previous, or delete them."""
    older = (secret.c.subscription_id == subscription_id) & (secret.c.id != secret_id)
    if drop_old:
        conn.execute(delete(secret).where(older))
    else:
        conn.execute(delete(secret).where(older, ~_is_valid()))
        replaced = older & (secret.c.state != SecretState.PREVIOUS)
        values = {
            "state": SecretState.PREVIOUS,
            "valid_until": func.now() + literal(PREVIOUS_FOR),
        }
        conn.execute(update(secret).where(replaced).values(values))
    conn.execute(update(secret).where(secret.c.id == secret_id).values(state=SecretState.CURRENT))
