"""What ships with promotions, as far as it is shown: never a whole comparison."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH, aggregate_order_by

from listener.core.commits import Commit, Left, Relation, commit_of
from listener.core.shown import (
    LONGEST_LINE,
    MOST_COMMITS,
    Shown,
    cleaned,
    line_of,
    summed_up,
    turned,
)
from listener.db import left_commits
from listener.db.commit_tables import comparison, shipment
from listener.db.tables import promotion

_LONGEST_MESSAGE = 1000  # only its first line is shown


def of_each(
    conn: Connection, promotion_ids: Collection[int], *, with_commits: bool = False
) -> dict[int, Shown]:
    """Return what is shown of these promotions, by id: mostly in two statements, or three."""
    query = (
        select(shipment, comparison.c.summary, comparison.c.told_by)
        .outerjoin(comparison, comparison.c.id == shipment.c.comparison_id)
        .where(shipment.c.promotion_id.in_(promotion_ids))
    )
    rows, left = conn.execute(query).all(), left_commits.of_each(conn, promotion_ids)
    shown = {row.promotion_id: _shown(row, left.get(row.promotion_id)) for row in rows}
    if not with_commits:
        return shown
    commits = _commits(conn, {row.comparison_id for row in rows} - {None})
    none: _Both = ((), ())
    both = {row.promotion_id: commits.get(row.comparison_id, none) for row in rows}
    return {
        key: replace(each, commits=both[key][0], leaves=both[key][1]) for key, each in shown.items()
    }


def _shown(row: Row[Any], left: Left | None) -> Shown:
    found: dict[str, Any] = {}
    if row.summary is not None:
        found = summed_up(row.summary)
    elif row.untold is None and row.head is not None and row.head == row.base:
        found = {"relation": Relation.IDENTICAL}
    told = {
        name: getattr(row, name)
        for name in ("base", "head", "base_artifact", "repository", "told_by")
    }
    why = row.untold if row.summary is None else None
    untold = line_of(why, most=LONGEST_LINE) if why is not None else None
    return Shown(**told, untold=untold, left=left, **found)


def of_comparison(conn: Connection, comparison_id: int, shown: Shown) -> Shown:
    """Return it with what a stored comparison tells, and the newest commits."""
    query = select(comparison.c.summary, comparison.c.told_by)
    row = conn.execute(query.where(comparison.c.id == comparison_id)).one()
    commits, leaves = _commits(conn, [comparison_id])[comparison_id]
    told: dict[str, Any] = {"told_by": row.told_by, **summed_up(row.summary)}
    return replace(shown, commits=commits, leaves=leaves, **told)


def taken_back(conn: Connection, target_id: str, artifact: str, commit: str | None) -> Shown | None:
    """Return what a target loses that goes back from an artifact to a commit.

    It is known at once where a promotion brought the one on the other, for what came then leaves.
    """
    its_own = promotion.c.target_id == target_id, promotion.c.artifact == artifact
    query = (
        select(comparison.c.id, shipment.c.head, shipment.c.repository)
        .join_from(shipment, promotion, promotion.c.id == shipment.c.promotion_id)
        .join(comparison, comparison.c.id == shipment.c.comparison_id)
        .where(*its_own, comparison.c.base == commit, comparison.c.head == shipment.c.head)
        .limit(1)
    )
    row = conn.execute(query).one_or_none()
    if row is None:
        return None
    ends = Shown(base=row.head, head=commit, repository=row.repository)
    return turned(of_comparison(conn, row.id, ends))


_Both = tuple[tuple[Commit, ...], tuple[Commit, ...]]


def _commits(conn: Connection, comparison_ids: Collection[int]) -> dict[int, _Both]:
    """Return the newest commits of comparisons, those that come and those that leave."""
    if not comparison_ids:
        return {}
    query = select(comparison.c.id, _newest("coming"), _newest("leaving"))
    rows = conn.execute(query.where(comparison.c.id.in_(comparison_ids)))
    return {row.id: (_read(row.coming), _read(row.leaving)) for row in rows}


def _newest(which: str) -> Any:
    """Build the newest of the commits, each message cut: there may be a thousand long ones."""
    path = cast(f"$.{which}[last - {MOST_COMMITS - 1} to last]", JSONPATH)
    found = func.jsonb_array_elements(func.jsonb_path_query_array(comparison.c.content, path))
    one = found.table_valued("value", with_ordinality="place").render_derived()
    message = func.left(one.c.value.op("->>")("message"), _LONGEST_MESSAGE)
    cut = one.c.value.op("||")(func.jsonb_build_object("message", message))
    newest = func.jsonb_agg(aggregate_order_by(cut, one.c.place.desc()), type_=JSONB)
    return select(newest).scalar_subquery().label(which)


def _read(kept: list[dict[str, Any]] | None) -> tuple[Commit, ...]:
    return tuple(cleaned(commit_of(each)) for each in kept or ())
