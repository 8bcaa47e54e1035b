"""What ships with each promotion, and what was read for it: repositories and comparisons."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from listener.core.commits import Comparison, Left, Relation, Shipment, comparison_of
from listener.core.shown import summary
from listener.db import left_commits, queue
from listener.db.commit_tables import comparison, repository, shipment
from listener.db.promotions import PromotionRow
from listener.db.queue import notify
from listener.db.tables import post, release

SHIPMENTS = queue.WorkKind(shipment, shipment.c.due_at)


@dataclass(frozen=True, slots=True)
class RepositoryRow:
    """The repository of an app, or why nobody tells it, and when to ask again."""

    full_name: str | None
    why: str | None
    ask_at: datetime


def of_each(conn: Connection, promotion_ids: Collection[int]) -> dict[int, Shipment]:
    """Return what ships with each of these promotions, by its id: mostly in two statements."""
    query = (
        select(shipment, comparison.c.content, comparison.c.told_by)
        .outerjoin(comparison, comparison.c.id == shipment.c.comparison_id)
        .where(shipment.c.promotion_id.in_(promotion_ids))
    )
    rows, left = conn.execute(query).all(), left_commits.of_each(conn, promotion_ids)
    return {row.promotion_id: _shipment(row, left.get(row.promotion_id)) for row in rows}


def of(conn: Connection, promotion_id: int) -> Shipment | None:
    """Return what ships with a promotion; None for one that older code made."""
    return of_each(conn, [promotion_id]).get(promotion_id)


def _shipment(row: Row[Any], left: Left | None) -> Shipment:
    found = comparison_of(row.content) if row.content is not None else None
    if found is None and row.untold is None and row.head is not None and row.head == row.base:
        found = Comparison(Relation.IDENTICAL)
    return Shipment(
        head=row.head,
        base=row.base,
        base_artifact=row.base_artifact,
        repository=row.repository,
        told_by=row.told_by,
        comparison=found,
        untold=row.untold,
        left=left,
    )


def artifact_left(conn: Connection, row: PromotionRow) -> str | None:
    """Return what the target of a promotion runs until that brings something else.

    It is what the last post of its own found there, or what runs now where there was none.
    """
    posts = (
        select(post.c.base_artifact)
        .where(post.c.promotion_id == row.id, post.c.kind == row.kind)
        .where(post.c.outcome.is_distinct_from("not_sent"))
    )
    posted = conn.execute(posts.order_by(post.c.id.desc()).limit(1)).one_or_none()
    if posted is not None:
        return posted.base_artifact  # type: ignore[no-any-return]
    runs = select(release.c.artifact).where(release.c.app_id == row.target_id, release.c.is_current)
    found: str | None = conn.execute(runs.order_by(release.c.version.desc()).limit(1)).scalar()
    return found


def hasten(conn: Connection, promotion_id: int) -> None:
    """Have what ships read now: a gate waits for it, or the target moved since."""
    its_own = shipment.c.promotion_id == promotion_id
    conn.execute(update(shipment).where(its_own).values(due_at=queue.NOW))
    notify(conn, shipment.name)


def settle(conn: Connection, claim: queue.Claim, **values: Any) -> None:
    """Store what was read, or why not, under the claim's fence. Raises LeaseLost."""
    queue.write(conn, claim, **{"due_at": None, "failing_since": None, **values})


def again(conn: Connection, claim: queue.Claim, pause: timedelta, **values: Any) -> None:
    """Read it once more after a pause. Raises LeaseLost."""
    due_at = func.clock_timestamp() + literal(pause)
    queue.write(conn, claim, due_at=due_at, attempt=claim.attempt, **values)


# What was read.


def find_comparison(conn: Connection, full_name: str, base: str, head: str) -> int | None:
    """Return the id of a comparison that was read before."""
    c = comparison.c
    query = select(c.id).where(c.repository == full_name, c.base == base, c.head == head)
    return conn.execute(query).scalar_one_or_none()


def add_comparison(
    conn: Connection, full_name: str, base: str, head: str, *, told_by: str, found: Comparison
) -> int:
    """Store a comparison; return its id, also where another process was faster."""
    key = {"repository": full_name, "base": base, "head": head}
    content = found.as_json() | {"shown": summary(found)}
    new = insert(comparison).values(**key, told_by=told_by, content=content)
    conn.execute(new.on_conflict_do_nothing())
    found_id = find_comparison(conn, full_name, base, head)
    assert found_id is not None  # noqa: S101 - for the type checker: it was stored just now
    return found_id


def repository_of(conn: Connection, app_id: str) -> RepositoryRow | None:
    """Return what is known of an app's repository; None where nobody was asked yet."""
    query = select(repository).where(repository.c.app_id == app_id)
    row = conn.execute(query).one_or_none()
    return RepositoryRow(row.full_name, row.why, row.ask_at) if row is not None else None


def set_repository(
    conn: Connection, app_id: str, full_name: str | None, *, why: str | None, for_: timedelta
) -> None:
    """Store an app's repository, or why nobody tells it; ask again after that time."""
    times = {"asked_at": func.now(), "ask_at": func.now() + literal(for_)}
    values: dict[str, Any] = {"full_name": full_name, "why": why, **times}
    new = insert(repository).values(app_id=app_id, **values)
    conn.execute(new.on_conflict_do_update(index_elements=["app_id"], set_=values))


def commits_of(
    conn: Connection, app_ids: Iterable[str], artifacts: Iterable[str]
) -> dict[str, str]:
    """Return the commits that artifacts were built from, as far as any of these apps told."""
    query = (
        select(release.c.artifact, func.max(release.c.commit).label("sha"))
        .where(release.c.app_id.in_(set(app_ids)), release.c.artifact.in_(set(artifacts)))
        .where(release.c.commit.is_not(None))
        .group_by(release.c.artifact)
    )
    return {row.artifact: row.sha for row in conn.execute(query)}
