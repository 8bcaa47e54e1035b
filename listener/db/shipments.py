"""What ships with each promotion, and when that is read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Row,
    Text,
    and_,
    any_,
    case,
    false,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from listener.core.commits import Comparison, Left, Relation, Shipment, comparison_of, sha_of
from listener.core.promotion import ENDED, PromotionKind, Status
from listener.db import left_commits, queue
from listener.db.commit_tables import comparison, shipment
from listener.db.fixed import Fixed, value
from listener.db.promotions import PromotionRow, row_of
from listener.db.queue import notify
from listener.db.running import artifact_on
from listener.db.tables import post, promotion, release

VOID: dict[str, Any] = {"fence": shipment.c.fence + 1, "lease_until": None, "attempt": 0}
SHIPMENTS = queue.WorkKind(shipment, shipment.c.due_at)


def _one_of(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Build a condition that reads the same for any number of values.

    What reads otherwise for each number is prepared for each, and drives out what others prepared.
    """
    return column == any_(literal(list(values), ARRAY(column.type)))


def of_each(conn: Connection, promotion_ids: Collection[int]) -> dict[int, Shipment]:
    """Return what ships with each of these promotions, by its id: mostly in two statements."""
    query = (
        select(shipment, comparison.c.content, comparison.c.told_by)
        .outerjoin(comparison, comparison.c.id == shipment.c.comparison_id)
        .where(_one_of(shipment.c.promotion_id, promotion_ids))
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
        since=row.since,
    )


def base_artifact(conn: Connection, row: PromotionRow) -> str | None:
    """Return what the target of a promotion runs until that brings something else.

    While it waits, it is what runs now; once it was posted, what its last post found there; where
    it ended without one, what ran when it was made.
    """
    if row.status is not Status.WAITING:
        posts = (
            select(post.c.base_artifact)
            .where(post.c.promotion_id == row.id, post.c.kind == row.kind)
            .where(post.c.outcome.is_distinct_from("not_sent"))
        )
        posted = conn.execute(posts.order_by(post.c.id.desc()).limit(1)).one_or_none()
        if posted is not None:
            return posted.base_artifact  # type: ignore[no-any-return]
        kept = select(shipment.c.base_artifact).where(shipment.c.promotion_id == row.id)
        if row.status in ENDED and (found := conn.execute(kept).scalar()) is not None:
            return str(found)
    runs: str | None = conn.execute(select(artifact_on(literal(row.target_id)))).scalar()
    return runs


def read_of(conn: Connection, source_id: str, *, limit: int) -> list[bool]:
    """Return of the newest promotions from a source whether what ships was told, or was not.

    What nobody was asked about yet is left out.
    """
    c, is_same = shipment.c, shipment.c.head == shipment.c.base
    is_told = or_(c.comparison_id.is_not(None), is_same)
    query = (
        select(func.coalesce(is_told, false()))
        .join(promotion, promotion.c.id == c.promotion_id)
        .where(promotion.c.source_id == source_id, promotion.c.kind == PromotionKind.PROMOTE)
        .where(or_(is_told, c.untold.is_not(None)))
        .order_by(promotion.c.id.desc())
    )
    return list(conn.execute(query.limit(limit)).scalars())


def between(conn: Connection, shas: Collection[str]) -> dict[tuple[str, str], Comparison]:
    """Return what was read between any two of these commits, by base and head."""
    c = comparison.c
    both = _one_of(c.base, shas), _one_of(c.head, shas), c.pruned_at.is_(None)
    query = select(c.base, c.head, c.content).where(*both)
    return {(row.base, row.head): comparison_of(row.content) for row in conn.execute(query)}


def hasten(conn: Connection, promotion_id: int) -> None:
    """Have what ships read now: a gate waits for it, or the target moved since.

    What is being read already goes on as it is. What could not be read a moment ago rests, unless
    the target runs something else by now: then people are asked about that.
    """
    its_own = shipment.c.promotion_id == promotion_id, promotion.c.id == shipment.c.promotion_id
    is_later = shipment.c.due_at.is_(None) | (shipment.c.due_at > func.now())
    runs = artifact_on(promotion.c.target_id)
    is_new = shipment.c.failing_since.is_(None) | shipment.c.base_artifact.is_distinct_from(runs)
    hastened = update(shipment).where(*its_own, is_later, is_new).values(due_at=queue.NOW)
    first = insert(shipment).values(promotion_id=promotion_id, due_at=queue.NOW)  # of older code
    if conn.execute(hastened).rowcount or conn.execute(first.on_conflict_do_nothing()).rowcount:
        notify(conn, shipment.name)


def read_anew(conn: Connection, promotion_id: int) -> None:
    """Forget what ships with a promotion that waits again, and have it read."""
    nothing = {"comparison_id": None, "untold": None, "failing_since": None}
    values: dict[str, Any] = {**VOID, **nothing, "due_at": queue.NOW}
    first = insert(shipment).values(promotion_id=promotion_id, due_at=queue.NOW)  # of older code
    key = [shipment.c.promotion_id]
    conn.execute(first.on_conflict_do_update(index_elements=key, set_=values))
    notify(conn, shipment.name)


def hasten_first(conn: Connection, promotion_id: int) -> None:
    """Have what ships read now where nobody began to: after a failure its pause counts."""
    first = (shipment.c.promotion_id == promotion_id, shipment.c.attempt == 0)
    waits = (shipment.c.lease_owner.is_(None), shipment.c.due_at > func.now())
    conn.execute(update(shipment).where(*first, *waits).values(due_at=queue.NOW))
    notify(conn, shipment.name)


@dataclass(frozen=True, slots=True)
class Alike:
    """What is to be read beside something like it: the promotion, and what it would replace."""

    promotion: PromotionRow
    row: Row[Any]  # of what ships
    base_artifact: str | None


_FREE = (
    select(promotion.c.id)
    .join(shipment, shipment.c.promotion_id == promotion.c.id)
    .where(promotion.c.status == Status.WAITING, promotion.c.kind == PromotionKind.PROMOTE)
    .where(promotion.c.rule_id.is_not(None))
    .where(shipment.c.due_at <= func.now(), shipment.c.lease_owner.is_(None))
)


def alike(conn: Connection, like: PromotionRow, base: str | None, *, most: int) -> list[Alike]:
    """Return what nobody reads of a source: of the same artifact, or counted from the same one.

    Only what is due by now and waits under a rule.
    """
    is_like = or_(promotion.c.artifact == like.artifact, shipment.c.base_artifact == base)
    query = _FREE.where(promotion.c.source_id == like.source_id, is_like)
    return _all_of(conn, conn.scalars(query.order_by(shipment.c.due_at).limit(most)).all())


def lock(conn: Connection, promotion_ids: Collection[int]) -> list[Alike]:
    """Lock those of these that nobody reads; return them as they are then.

    Whatever somebody else has locked is left out, so nobody is waited for.
    """
    query = _FREE.where(_one_of(promotion.c.id, promotion_ids))
    locking = query.with_for_update(of=[promotion, shipment], skip_locked=True)
    return _all_of(conn, conn.scalars(locking).all())


def _all_of(conn: Connection, promotion_ids: Collection[int]) -> list[Alike]:
    """Read them by statements of their own: once locked, by what is committed since."""
    runs = artifact_on(promotion.c.target_id).label("runs")
    ships = select(shipment).where(_one_of(shipment.c.promotion_id, promotion_ids))
    of_each = {row.promotion_id: row for row in conn.execute(ships)}
    about = select(promotion, runs).where(_one_of(promotion.c.id, promotion_ids))
    rows = conn.execute(about.order_by(promotion.c.id)).all()
    return [Alike(row_of(row), of_each[row.id], row.runs) for row in rows]


def store(
    conn: Connection, found: Iterable[tuple[Alike, Mapping[str, Any], timedelta | None]]
) -> None:
    """Store what was found of what is locked, in one statement; read it again after its pause.

    Without a pause it is read. Who may be about to read it stores nothing any more.
    """
    if given := [_given(*each) for each in found]:
        _STORING.write(conn, given=Jsonb(given))


_STORED = ("head", "base", "base_artifact", "repository", "comparison_id", "untold")


def _given(each: Alike, found: Mapping[str, Any], pause: timedelta | None) -> dict[str, Any]:
    before = each.row._asdict()
    values = {name: found.get(name, before[name]) for name in _STORED}
    since = found.get("failing_since")
    same = all(values[name] == before[name] for name in ("base_artifact", "comparison_id"))
    is_same = same and (values["untold"] is None) == (before["untold"] is None)
    return {
        "promotion_id": each.promotion.id,
        **values,
        "failing_since": since.isoformat() if since is not None else None,
        "is_same": is_same or "untold" not in found,
        "pause": pause.total_seconds() if pause is not None else None,
    }


_STORING = Fixed("""
UPDATE shipment SET
  head = given.head,
  base = given.base,
  base_artifact = given.base_artifact,
  repository = given.repository,
  comparison_id = given.comparison_id,
  untold = given.untold,
  failing_since = given.failing_since,
  since = CASE WHEN given.is_same THEN shipment.since ELSE clock_timestamp() END,
  due_at = clock_timestamp() + given.pause * interval '1 second',
  fence = shipment.fence + 1,
  lease_until = NULL,
  attempt = CASE WHEN given.failing_since IS NULL THEN 0 ELSE greatest(shipment.attempt, 1) END
FROM jsonb_to_recordset(CAST(:given AS jsonb)) AS given (
  promotion_id bigint, head text, base text, base_artifact text, repository text,
  comparison_id bigint, untold text, failing_since timestamptz, is_same boolean,
  pause double precision
)
WHERE shipment.promotion_id = given.promotion_id
""")


def settle(conn: Connection, claim: queue.Claim, **values: Any) -> None:
    """Store what was read, or why not, under the claim's fence. Raises LeaseLost."""
    queue.write(conn, claim, **{"due_at": None, "failing_since": None, **_since(values)})


def again(conn: Connection, claim: queue.Claim, pause: timedelta, **values: Any) -> None:
    """Read it once more after a pause. Raises LeaseLost."""
    due_at = func.clock_timestamp() + literal(pause)
    queue.write(conn, claim, due_at=due_at, attempt=claim.attempt, **_since(values))


def _since(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, "since": _SINCE} if "untold" in values else values


# People's words on what is not told count from when it is not, and not from another try.
_SINCE = case(
    (
        and_(
            *(
                shipment.c[name].is_not_distinct_from(value(name, shipment.c[name].type))
                for name in ("base_artifact", "comparison_id")
            ),
            shipment.c.untold.is_(None) == value("untold", Text).is_(None),
        ),
        shipment.c.since,
    ),
    else_=func.clock_timestamp(),
)


def told_slugs(conn: Connection, app_ids: Iterable[str], slugs: Iterable[str]) -> set[str]:
    """Return those of these apps' slugs of which Heroku told all, also where it is no commit."""
    same = _one_of(release.c.app_id, app_ids), _one_of(release.c.artifact, slugs)
    return set(conn.scalars(select(release.c.artifact).where(*same, release.c.stack.is_not(None))))


def commits_of(
    conn: Connection, app_ids: Iterable[str], artifacts: Iterable[str]
) -> dict[str, str]:
    """Return the commits that artifacts were built from, as far as any of these apps told."""
    query = (
        select(release.c.artifact, release.c.commit)
        .where(_one_of(release.c.app_id, app_ids), _one_of(release.c.artifact, artifacts))
        .where(release.c.commit.is_not(None))
        .distinct()
    )
    found: dict[str, str] = {}
    for row in conn.execute(query):
        sha = sha_of(row.commit)
        if sha is not None and len(sha) > len(found.get(row.artifact, "")):
            found[row.artifact] = sha
    return found
