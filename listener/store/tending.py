"""Chores about our webhooks: each is compared with what Heroku has of it, one at a time."""

from __future__ import annotations

from sqlalchemy import Connection, Text, cast, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from listener.store import work
from listener.store.tables import chore, subscription

PREFIX = "webhook "
WEBHOOKS = work.Kind(chore, chore.c.due_at, chore.c.name.startswith(PREFIX))


def ask(conn: Connection) -> None:
    """Have every webhook that was ever made at Heroku looked at now; the caller notifies."""
    names = select(literal(PREFIX) + cast(subscription.c.id, Text), func.now()).where(
        subscription.c.removed_at.is_(None), subscription.c.heroku_id.is_not(None)
    )
    statement = insert(chore).from_select(["name", "due_at"], names)
    conn.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"due_at": func.now()})
    )


def subscription_of(claim: work.Claim) -> int:
    """The id of the subscription that a claimed chore is about."""
    return int(str(claim.key).removeprefix(PREFIX))


def finish(conn: Connection, claim: work.Claim) -> None:
    """The chore is done until the next reconcile. Raises LeaseLost."""
    work.write(conn, claim, due_at=None)
