"""Queries on the promotions around one promotion, which its decision needs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Interval,
    Select,
    Text,
    func,
    or_,
    select,
    union_all,
)

from listener.core.drift import nonce_of
from listener.core.gates.base import ActivePromotion, PastPromotion
from listener.core.promotion import ACTIVE, UNFINISHED, PromotionKind, Status
from listener.core.release import Release
from listener.db import release_requests
from listener.db.fixed import Fixed, value
from listener.db.promotions import PromotionRow, row_of
from listener.db.tables import post
from listener.db.tables import promotion as table

RELEASED_OR_WRONG = (Status.SUCCEEDED, Status.FAILED, Status.ERRORED, Status.ROLLED_BACK)
MOST_PAST = 1000


def rival(conn: Connection, target_id: str, promotion_id: int) -> PromotionRow | None:
    """Return another active promotion on the target, if there is one."""
    row = _RIVAL.first(conn, target_id=target_id, id=promotion_id)
    return row_of(row) if row is not None else None


def beside(conn: Connection, row: PromotionRow) -> tuple[PromotionRow | None, int | None]:
    """Return the `rival` of a promotion, and the `newer_version` that takes its place."""
    values = {"id": row.id, "rule_id": row.rule_id, "target_id": row.target_id}
    found = [row_of(each) for each in _BESIDE.rows(conn, **values, version=row.version)]
    rival = next((each for each in found if each.status in ACTIVE), None)
    newer = [each.version for each in found if each.rule_id == row.rule_id]
    return rival, max((version for version in newer if version > row.version), default=None)


def _newer() -> Select[Any]:
    wanted = select(table).where(
        table.c.rule_id.is_not_distinct_from(value("rule_id", BigInteger)),
        table.c.target_id == value("target_id", Text),
        table.c.version > value("version", Integer),
        _TAKES_PLACE,
    )
    return wanted.order_by(table.c.version.desc()).limit(1)


def _rival() -> Select[Any]:
    target_id, own_id = value("target_id", Text), value("id", BigInteger)
    is_active = table.c.status.in_(ACTIVE)
    return select(table).where(table.c.target_id == target_id, is_active, table.c.id != own_id)


_TAKES_PLACE = or_(
    (table.c.status == Status.WAITING) & table.c.evaluated_at.is_not(None),
    table.c.status.in_(ACTIVE | {Status.SUCCEEDED}),
)
_RIVAL, _NEWER = Fixed(_rival()), Fixed(_newer())
_BESIDE = Fixed(union_all(_rival(), _newer().subquery().select()))


def rollback_asked_for(conn: Connection, target_id: str) -> PromotionRow | None:
    """Return the oldest rollback by hand that waits for the target, if there is one."""
    return _rollback(conn, target_id, {Status.WAITING})


def rollback_at_work(conn: Connection, target_id: str) -> PromotionRow | None:
    """Return the oldest rollback by hand of the target that has not ended, if there is one."""
    return _rollback(conn, target_id, UNFINISHED)


def _rollback(
    conn: Connection, target_id: str, statuses: Collection[Status]
) -> PromotionRow | None:
    query = select(table).where(
        table.c.target_id == target_id,
        table.c.kind == PromotionKind.ROLLBACK,
        table.c.status.in_(statuses),
    )
    row = conn.execute(query.order_by(table.c.id).limit(1)).one_or_none()
    return row_of(row) if row is not None else None


def as_rival(row: PromotionRow) -> ActivePromotion:
    """Build what the target gate needs to know of another active promotion."""
    return ActivePromotion(str(row.id), row.status)


def newer_version(conn: Connection, row: PromotionRow) -> int | None:
    """Return the version of the newest candidate that takes this one's place, if there is one.

    It is of the same rule and target, and evaluated and waiting, active, or succeeded.
    """
    values = {"rule_id": row.rule_id, "target_id": row.target_id, "version": row.version}
    found = _NEWER.first(conn, **values)
    return int(found.version) if found is not None else None


def upstream(conn: Connection, source_id: str, release: Release) -> PromotionRow | None:
    """Find our own promotion that put this release onto the source, in a chain.

    A promotion in doubt does not know its release yet. Then the release shows its nonce, or is
    what its post asked for, made by our account.
    """
    nonce = nonce_of(release.description)
    values = {"app_id": source_id, "release_id": release.id}
    if nonce is not None:
        row = _UPSTREAM_NAMED.first(conn, **values, nonce=nonce)
    else:
        unnamed = {"author_id": release.author_id, "artifact": release.artifact}
        row = _UPSTREAM.first(conn, **values, **unnamed, version=release.version)
    return row_of(row) if row is not None else None


def _upstream(made: ColumnElement[bool]) -> Fixed:
    app_id = value("app_id", Text)
    named = select(post.c.promotion_id).where(post.c.target_id == app_id, made)
    known = select(table.c.id).where(table.c.target_release_id == value("release_id", Text))
    query = select(table).where(
        table.c.target_id == app_id,
        table.c.kind == PromotionKind.PROMOTE,
        table.c.id.in_(known.union(named)),
    )
    return Fixed(query.order_by(table.c.id.desc()).limit(1))


_UPSTREAM = _upstream(release_requests.MADE)
_UPSTREAM_NAMED = _upstream(release_requests.MADE_BY_NAME)


def author(conn: Connection, source_id: str, release: Release) -> str | None:
    """Return the author of the release; in a chain, the author of the first release."""
    above = upstream(conn, source_id, release)
    return above.author if above is not None and above.author is not None else release.author


def authors(conn: Connection, source_id: str) -> dict[str, str]:
    """Return the author of the first release in a chain, by the id of the release on this app."""
    c = table.c
    query = select(c.target_release_id, c.author).where(
        c.target_id == source_id,
        c.kind == PromotionKind.PROMOTE,
        c.target_release_id.is_not(None),
        c.author.is_not(None),
    )
    return {row.target_release_id: row.author for row in conn.execute(query)}


def past(conn: Connection, row: PromotionRow, *, within: timedelta) -> tuple[PastPromotion, ...]:
    """Return other promotions of the target that ended within this time, newest first.

    Only those in a status of RELEASED_OR_WRONG, and MOST_PAST at most.
    """
    rows = _PAST.rows(conn, target_id=row.target_id, id=row.id, within=within)
    return tuple(
        PastPromotion(
            str(found.id),
            Status(found.status),
            found.ended_at,
            found.target_release_id is not None and found.kind == PromotionKind.PROMOTE,
        )
        for found in rows
    )


_PAST = Fixed(
    select(table.c.id, table.c.status, table.c.ended_at, table.c.kind, table.c.target_release_id)
    .where(table.c.target_id == value("target_id", Text), table.c.id != value("id", BigInteger))
    .where(table.c.ended_at > func.now() - value("within", Interval))
    .where(table.c.status.in_(RELEASED_OR_WRONG))
    .order_by(table.c.ended_at.desc())
    .limit(MOST_PAST)
)


TOOK_ITS_PLACE = (
    Status.WAITING,
    Status.POSTING,
    Status.RELEASING,
    Status.VERIFYING,
    Status.SUCCEEDED,
)


def newest_taking_place(conn: Connection, rule_id: int, target_id: str) -> int | None:
    """Return the version of a rule's newest candidate for a target that makes older ones give way.

    It was evaluated, and neither rejected nor skipped.
    """
    row = _NEWEST.first(conn, rule_id=rule_id, target_id=target_id)
    return int(row.version) if row is not None else None


_NEWEST = Fixed(
    select(table.c.version)
    .where(
        table.c.rule_id == value("rule_id", BigInteger),
        table.c.target_id == value("target_id", Text),
        table.c.status.in_(TOOK_ITS_PLACE),
        or_(table.c.evaluated_at.is_not(None), table.c.status != Status.WAITING),
    )
    .order_by(table.c.version.desc())
    .limit(1)
)
