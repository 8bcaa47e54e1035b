"""Blocked commits: nothing that holds one is promoted, until somebody unblocks it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Text,
    func,
    literal,
    or_,
    select,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from listener.core.commits import Block
from listener.db.commit_tables import commit_block as table
from listener.db.commit_tables import comparison, repository, shipment
from listener.db.scopes import within
from listener.db.tables import promotion, release
from listener.roles import EVERYTHING, Scope


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A block as stored; without an app it counts for every app."""

    id: int
    sha: str
    app_id: str | None
    repository: str | None
    reason: str
    by: str
    created_at: datetime
    unblocked_at: datetime | None
    unblocked_by: str | None

    @property
    def value(self) -> Block:
        """The block as its gate needs it."""
        return Block(**{name: getattr(self, name) for name in Block.__dataclass_fields__})


_FIELDS = tuple(BlockRow.__dataclass_fields__)
_IS_OPEN = table.c.unblocked_at.is_(None)


def _row(row: Row[Any]) -> BlockRow:
    return BlockRow(**{name: getattr(row, name) for name in _FIELDS})


def open_as_json() -> ColumnElement[Any]:
    """Build all open blocks as one value, for a statement that reads other things."""
    names = tuple(Block.__dataclass_fields__)
    pairs = (each for name in names for each in (literal(name), table.c[name]))
    each = func.jsonb_build_object(*pairs)
    return select(func.jsonb_agg(each)).where(_IS_OPEN).scalar_subquery()


def of_json(kept: list[dict[str, Any]] | None) -> tuple[Block, ...]:
    """Read what `open_as_json` answers, oldest first."""
    return tuple(sorted((_of(each) for each in kept or ()), key=lambda block: block.id))


def _of(kept: dict[str, Any]) -> Block:
    return Block(**{**kept, "created_at": datetime.fromisoformat(kept["created_at"])})


def concerning(blocks: Iterable[Block], *app_ids: str) -> tuple[Block, ...]:
    """Return the blocks that count for these apps."""
    return tuple(each for each in blocks if each.app_id is None or each.app_id in app_ids)


def put(
    conn: Connection, sha: str, app_id: str | None, *, repository: str | None, reason: str, by: str
) -> BlockRow | None:
    """Block a commit; return None where it is blocked there already."""
    values = {"sha": sha, "app_id": app_id, "repository": repository, "reason": reason, "by": by}
    new = insert(table).values(values).on_conflict_do_nothing().returning(table)
    row = conn.execute(new).one_or_none()
    return _row(row) if row is not None else None


def end(conn: Connection, block_id: int, *, by: str) -> BlockRow | None:
    """Unblock a commit; return None where it is not blocked any more."""
    changed = update(table).where(table.c.id == block_id, _IS_OPEN)
    values = {"unblocked_at": func.clock_timestamp(), "unblocked_by": by}
    row = conn.execute(changed.values(values).returning(table)).one_or_none()
    return _row(row) if row is not None else None


def count_open(conn: Connection, app_id: str | None) -> int:
    """Count the open blocks on an app; without one, those that count for every app."""
    query = select(func.count()).where(table.c.app_id.is_not_distinct_from(app_id), _IS_OPEN)
    return conn.execute(query).scalar_one()


def list_(
    conn: Connection,
    *,
    app_id: str | None = None,
    with_ended: bool = False,
    scope: Scope = EVERYTHING,
    limit: int = 100,
) -> list[BlockRow]:
    """Return the blocks, newest first; with an app, those that count for it.

    They count for every app, or are on apps in scope.
    """
    query = select(table).where(*_within(scope)).order_by(table.c.id.desc()).limit(limit)
    if not with_ended:
        query = query.where(_IS_OPEN)
    if app_id is not None:
        query = query.where(or_(table.c.app_id.is_(None), table.c.app_id == app_id))
    return [_row(row) for row in conn.execute(query)]


def _within(scope: Scope) -> list[ColumnElement[bool]]:
    return [or_(table.c.app_id.is_(None), is_in) for is_in in within(scope, table.c.app_id)]


def known(conn: Connection, start: str, *, scope: Scope, most: int) -> dict[str, str | None]:
    """Return the commits that begin so, with the repository of each, as far as anything tells.

    They are of releases of apps in scope, and of what shipped between such apps.
    """
    of_releases = (
        select(release.c.commit.label("sha"), repository.c.full_name)
        .outerjoin(repository, repository.c.app_id == release.c.app_id)
        .where(release.c.commit.startswith(start), *within(scope, release.c.app_id))
    )
    sha = func.jsonb_array_elements(comparison.c.content["coming"]).op("->>")("sha")
    shipped = (
        select(comparison.c.id)
        .join(shipment, shipment.c.comparison_id == comparison.c.id)
        .join(promotion, promotion.c.id == shipment.c.promotion_id)
        .where(*within(scope, promotion.c.source_id, promotion.c.target_id))
    )
    coming = (
        select(sha.label("sha"), comparison.c.repository.label("full_name"))
        .where(comparison.c.id.in_(shipped))
        .subquery()
    )
    of_ranges = select(coming.c.sha, coming.c.full_name).where(coming.c.sha.startswith(start))
    both = union(of_releases, of_ranges).subquery()
    query = (
        select(both.c.sha, func.max(both.c.full_name.cast(Text)).label("full_name"))
        .group_by(both.c.sha)
        .order_by(both.c.sha)
        .limit(most)
    )
    return {row.sha: row.full_name for row in conn.execute(query)}
