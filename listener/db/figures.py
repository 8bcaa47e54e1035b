"""What figures are made of: the changes of a time, and what else was released on their targets.

Each is one statement, and reads what the time holds, however much came before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Row,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONPATH

from listener.core.figures import Change, OtherRelease
from listener.core.promotion import RELEASE_PHASE_FOR, Status
from listener.core.release import RAN
from listener.db.commit_tables import comparison
from listener.db.fixed import Fixed
from listener.db.scopes import within
from listener.db.tables import hold, post, promotion, release, shipment
from listener.roles import EVERYTHING, Scope

MOST_CHANGES = 20_000
MOST_OTHERS = 20_000
# The condition of ix_post_made, word for word.
_MADE = text("post.outcome = 'accepted' AND post.kind = 'promote'")
# Of the commits that come, the newest hundred: there may be a thousand.
_TIMES: ColumnElement[Any] = literal_column("'$.coming[last-99 to last].at'", JSONPATH)
_RAN_SURELY = (Status.SUCCEEDED, Status.VERIFYING, Status.ROLLING_BACK, Status.ROLLED_BACK)
_there, _source, _later = release.alias("there"), release.alias("made"), post.alias("later")


def changes(
    conn: Connection,
    *,
    since: datetime,
    app_id: str | None = None,
    rule_id: int | None = None,
    but: Collection[str] = (),
    scope: Scope = EVERYTHING,
) -> list[Change]:
    """Return the releases that promotions made since then, newest first; MOST_CHANGES at most.

    To one app, or to all but some; by one rule, if given. Both apps of each are in scope. One whose
    release phase still runs is left out.
    """
    made_since = post.c.settled_at >= since - RELEASE_PHASE_FOR  # it may have ended later
    query = _changes().where(_MADE, made_since, *within(scope, *_APPS))
    if app_id is not None:
        query = query.where(promotion.c.target_id == app_id)
    if rule_id is not None:
        query = query.where(promotion.c.rule_id == rule_id)
    if but:
        query = query.where(promotion.c.target_id.not_in(but))
    query = query.order_by(post.c.settled_at.desc()).limit(MOST_CHANGES)
    return [_change(row) for row in conn.execute(query)]


_APPS = promotion.c.source_id, promotion.c.target_id


def _changes() -> Select[Any]:
    p, t = promotion.c, _there.c
    of_it = _later.c.promotion_id == p.id, _later.c.kind == post.c.kind
    newest = select(func.max(_later.c.id).label("id")).where(*of_it).lateral("newest")
    is_last = newest.c.id == post.c.id
    # One promotion at a time is active on a target: a guard's hold of that time is of this one.
    held = exists().where(
        hold.c.app_id == p.target_id,
        hold.c.kind == "guard",
        hold.c.created_at.between(post.c.created_at, p.ended_at),
    )
    was_judged = and_(p.status == Status.FAILED, p.verification["outcome"].astext.is_not(None))
    known = or_(p.status.in_(_RAN_SURELY), was_judged)
    # The list that shows its end may not have been read since.
    has_run = or_(func.coalesce(t.status, "").in_(RAN), and_(is_last, known))
    return (
        select(
            post.c.id.label("post_id"),
            p.id,
            p.rule_id,
            p.target_id,
            post.c.release_version,
            p.status,
            post.c.created_at.label("asked_at"),
            _source.c.created_at.label("released_at"),
            _over_at(has_run, is_last).label("over_at"),
            has_run.label("has_run"),
            is_last.label("is_last"),
            held.label("is_held"),
            # The list that shows our own rollback may not have been read since.
            case((and_(is_last, p.status == Status.ROLLED_BACK), p.ended_at)).label("back_at"),
            func.jsonb_path_query_array(comparison.c.content, _TIMES).label("committed_at"),
        )
        .join(promotion, p.id == post.c.promotion_id)
        .join(newest, true())
        .outerjoin(_there, and_(t.app_id == p.target_id, t.version == post.c.release_version))
        .outerjoin(_source, and_(_source.c.app_id == p.source_id, _source.c.version == p.version))
        .outerjoin(shipment, and_(shipment.c.promotion_id == p.id, shipment.c.head == p.commit))
        .outerjoin(comparison, comparison.c.id == shipment.c.comparison_id)
        .where(or_(p.status != Status.RELEASING, not_(is_last)))
    )


def _over_at(has_run: ColumnElement[bool], is_last: ColumnElement[bool]) -> ColumnElement[Any]:
    """Build the time at which it ran, or failed: Heroku's word, but no later than we knew it."""
    t, asked, ended_at = _there.c, post.c.settled_at, promotion.c.ended_at
    # A release phase lasts no longer; Heroku may touch a release later.
    longest = t.created_at + literal(RELEASE_PHASE_FOR)
    ran_at = func.least(func.coalesce(t.updated_at, t.created_at, asked), longest)
    known_at = case((and_(is_last, ended_at.is_not(None)), ended_at), else_=asked)
    is_verified_now = and_(is_last, ended_at.is_(None))
    return case(
        (not_(has_run), known_at), (is_verified_now, ran_at), else_=func.least(ran_at, known_at)
    )


def _change(row: Row[Any]) -> Change:
    told = (datetime.fromisoformat(at) for at in row.committed_at or () if at is not None)
    return Change(
        promotion=row.id,
        rule=row.rule_id,
        app=row.target_id,
        version=row.release_version,
        released_at=row.released_at,
        over_at=row.over_at,
        has_run=row.has_run,
        status=Status(row.status),
        is_last=row.is_last,
        left_hold=row.is_held,
        back_at=row.back_at,
        committed_at=tuple(told) if row.is_last else (),
    )


def others(conn: Connection, app_ids: Collection[str], *, since: datetime) -> list[OtherRelease]:
    """Return the releases that brought other code to these apps since then; MOST_OTHERS at most.

    Those that promotions made are among them.
    """
    if not app_ids:
        return []
    rows = _OTHERS.rows(
        conn, app_ids=list(app_ids), since=since, phase=RELEASE_PHASE_FOR, most=MOST_OTHERS
    )
    return [OtherRelease(**row._asdict()) for row in rows]


# Versions order an app's releases, so the newest older one is found from the newest on.
_OTHERS = Fixed(
    """
WITH begun AS (
  SELECT each.app_id, (
    SELECT version FROM release WHERE app_id = each.app_id AND created_at < :since
    ORDER BY version DESC LIMIT 1
  ) AS version
  FROM unnest(CAST(:app_ids AS text[])) AS each (app_id)
), ran AS (
  SELECT release.*, lag(release.artifact) OVER (
    PARTITION BY release.app_id ORDER BY release.version
  ) AS before
  FROM begun JOIN release ON release.app_id = begun.app_id
    AND release.version >= coalesce(begun.version, -2147483648)
  WHERE release.status IN ('succeeded', 'expired') AND release.artifact IS NOT NULL
    AND release.gone_at IS NULL
)
SELECT app_id AS app, version,
  least(coalesce(updated_at, created_at), created_at + CAST(:phase AS interval)) AS at,
  EXISTS (
    SELECT FROM release AS former WHERE former.app_id = ran.app_id
    AND former.artifact = ran.artifact AND former.version < ran.version
    AND former.status IN ('succeeded', 'expired')
  ) AS is_way_back,
  EXISTS (SELECT FROM post WHERE post.release_id = ran.id) AS is_ours
FROM ran
WHERE before <> artifact AND created_at >= :since
ORDER BY created_at DESC LIMIT :most
"""
)


class Delay(StrEnum):
    """A time that counts from a release on the source."""

    LEAD = "lead"  # until a deployment ran on its target
    POST = "post"  # until Heroku was asked, for a rule


@dataclass(frozen=True, slots=True)
class Tally:
    """How many delays of one kind and target fell into one bucket, and their sum in seconds."""

    delay: Delay
    app_id: str
    first: int  # of what was counted, the oldest: it orders targets for ever
    bucket: int  # how many bounds they reach
    count: int
    seconds: float


def tally(
    conn: Connection, bounds: Sequence[float], *, after: datetime, until: datetime
) -> list[Tally]:
    """Count the delays of what was made after one moment, up to another, in one statement."""
    within_it = post.c.settled_at > after, post.c.settled_at <= until
    made = _changes().where(_MADE, *within_it, _source.c.created_at.is_not(None)).subquery().c
    lead = case((made.has_run, _seconds(made.over_at - made.released_at)))
    asked = case((made.rule_id.is_not(None), _seconds(made.asked_at - made.released_at)))
    edges = cast(list(bounds), ARRAY(Double))
    buckets = [func.width_bucket(each, edges) for each in (lead, asked)]
    columns = (made.target_id, func.min(made.post_id), func.count(), *buckets)
    query = select(*columns, func.sum(lead), func.sum(asked)).group_by(made.target_id, *buckets)
    found: list[Tally] = []
    for row in conn.execute(query):
        app_id, first, count, *of = row
        for delay, bucket, seconds in zip(Delay, of[:2], of[2:], strict=True):
            if bucket is not None:
                found.append(Tally(delay, app_id, first, bucket, count, seconds))
    return found


def _seconds(interval: ColumnElement[Any]) -> ColumnElement[Any]:
    """Build the seconds of a time between two clocks, which is never less than none."""
    return func.greatest(cast(func.extract("epoch", interval), Double), 0.0)


def made_until(conn: Connection, after: datetime, until: datetime, *, most: int) -> datetime:
    """Return a moment up to which no more than so many releases were made after the first one."""
    at = post.c.settled_at
    query = select(at).where(_MADE, at > after, at <= until).order_by(at).offset(most).limit(1)
    cut: datetime | None = conn.execute(query).scalar_one_or_none()
    if cut is None:
        return until
    before = cut - timedelta(microseconds=1)
    return before if before > after else cut
