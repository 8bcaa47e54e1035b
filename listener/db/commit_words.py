"""People's words on commits: what a rule stops goes to a target all the same, now and later."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from listener.db.commit_tables import commit_word as table
from listener.db.promotions import PromotionRow


def of(conn: Connection, target_id: str, shas: Iterable[str]) -> frozenset[str]:
    """Return those of the commits that somebody let go to the target."""
    query = select(table.c.sha).where(table.c.target_id == target_id, table.c.sha.in_(list(shas)))
    return frozenset(conn.execute(query).scalars())


def put(conn: Connection, row: PromotionRow, shas: Iterable[str], *, by: str) -> None:
    """Store a person's word on commits of a promotion; an earlier one stands."""
    said = {"target_id": row.target_id, "by": by, "promotion_id": row.id}
    rows = [{"sha": sha, **said} for sha in sorted(set(shas))]
    if rows:
        conn.execute(insert(table).values(rows).on_conflict_do_nothing())


def take_back(conn: Connection, promotion_id: int) -> None:
    """Delete the words that were said of a promotion: somebody says no to it after all."""
    conn.execute(delete(table).where(table.c.promotion_id == promotion_id))
