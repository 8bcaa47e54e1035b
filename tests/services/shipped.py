"""What ships, as a reader would have stored it: commits by their messages, oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update

from listener.core.commits import Commit, Comparison, Pull, Relation
from listener.db import repositories
from listener.db.commit_tables import shipment
from listener.db.engine import Database
from listener.db.repositories import Pair

SHOP = "acme/shop"
BASE, HEAD = "b" * 40, "a" * 40
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def commits(*messages: str, author: str = "Ana Ivanova", login: str | None = None) -> Any:
    """Commits with these messages, a minute apart."""
    return tuple(
        Commit(f"{number + 1:040x}", each, author, login, NOON + timedelta(minutes=number))
        for number, each in enumerate(messages)
    )


def compared(
    coming: Sequence[Commit] = (), leaving: Sequence[Commit] = (), pulls: Sequence[Pull] = ()
) -> Comparison:
    """The comparison of two commits that have these for themselves."""
    relation = {
        (True, True): Relation.DIVERGED,
        (True, False): Relation.AHEAD,
        (False, True): Relation.BEHIND,
        (False, False): Relation.IDENTICAL,
    }[bool(coming), bool(leaving)]
    return Comparison(
        relation, tuple(coming), tuple(leaving), len(coming), len(leaving), tuple(pulls)
    )


def store(
    database: Database, promotion_id: int, found: Comparison, base: str = BASE, head: str = HEAD
) -> None:
    """Keep it as what ships with a promotion."""
    with database.begin() as conn:
        pair = Pair(SHOP, base, head)
        kept = repositories.add_comparison(conn, pair, found, told_by="heroku")
    values = {"base": base, "head": head, "repository": SHOP, "comparison_id": kept}
    set_shipment(database, promotion_id, **values)


def set_shipment(database: Database, promotion_id: int, **values: Any) -> None:
    """Keep what is known of a promotion's shipment; nobody reads it any more."""
    with database.begin() as conn:
        its_own = shipment.c.promotion_id == promotion_id
        conn.execute(update(shipment).where(its_own).values(due_at=None, **values))
