"""Posts: one row for each passage into posting, committed before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, or_, select, update

from listener.core.drift import UnmarkedRequest, nonce_of
from listener.core.promotion import PromotionKind
from listener.core.release import Release
from listener.core.rule import Strategy
from listener.db.tables import post as table
from listener.db.tables import promotion

ANSWERED = ("accepted", "refused")


@dataclass(frozen=True, slots=True)
class PostRow:
    """A release that we asked Heroku for, or may have asked for."""

    id: int
    promotion_id: int
    target_id: str
    kind: str
    nonce: str
    artifact: str
    base_version: int
    base_artifact: str | None
    sends: int
    sent_at: datetime
    outcome: str | None
    release_id: str | None
    release_version: int | None
    strategy: Strategy
    account_id: str | None
    heroku_promotion_id: str | None

    @property
    def unnamed(self) -> UnmarkedRequest | None:
        """By what its release is known where that bears no nonce."""
        if self.account_id is None:
            return None
        return UnmarkedRequest(self.artifact, self.base_version, self.account_id)


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """What Heroku last answered to a release that we asked for on a target, and in which words."""

    target_id: str
    promotion_id: int
    outcome: str
    reason: str

    @property
    def was_refused(self) -> bool:
        """Heroku said a definite no."""
        return self.outcome == "refused"


def last_answers(conn: Connection, target_ids: Iterable[str]) -> dict[str, LastAnswer]:
    """The last definite answer to a post, by target; one that was never sent tells nothing."""
    newest = (
        select(func.max(table.c.id))
        .where(table.c.target_id.in_(list(target_ids)), table.c.outcome.in_(ANSWERED))
        .group_by(table.c.target_id)
    )
    query = (
        select(table.c.target_id, table.c.promotion_id, table.c.outcome, promotion.c.reason)
        .join(promotion, promotion.c.id == table.c.promotion_id)
        .where(table.c.id.in_(newest))
    )
    return {row.target_id: LastAnswer(*row) for row in conn.execute(query)}


_FIELDS = tuple(PostRow.__dataclass_fields__)


def _row(row: Row[Any]) -> PostRow:
    values = {name: row._mapping[name] for name in _FIELDS}
    return PostRow(**{**values, "strategy": Strategy(row.strategy)})


def add(conn: Connection, **values: Any) -> PostRow:
    """Write down what is about to be sent; `sent_at` is this transaction's time."""
    statement = insert(table).values(sent_at=func.clock_timestamp(), **values).returning(table)
    return _row(conn.execute(statement).one())


def latest(conn: Connection, promotion_id: int) -> PostRow:
    """The promotion's last post; every one that ever left waiting to post has one."""
    query = select(table).where(table.c.promotion_id == promotion_id)
    return _row(conn.execute(query.order_by(table.c.id.desc()).limit(1)).one())


def accepted(conn: Connection, promotion_id: int) -> PostRow:
    """The post by which the promotion made its release; whoever verifies one has it."""
    query = select(table).where(
        table.c.promotion_id == promotion_id,
        table.c.kind == PromotionKind.PROMOTE,
        table.c.outcome == "accepted",
    )
    return _row(conn.execute(query.order_by(table.c.id.desc()).limit(1)).one())


def went_back(conn: Connection, promotion_id: int) -> bool:
    """Whether the promotion was rolled back by a post, or may have been: once is all."""
    query = select(table.c.id).where(
        table.c.promotion_id == promotion_id,
        table.c.kind == PromotionKind.ROLLBACK,
        table.c.outcome.is_distinct_from("not_sent"),
    )
    return conn.execute(query.limit(1)).first() is not None


def under_way(conn: Connection, target_id: str) -> PostRow | None:
    """The post on this target of which nobody knows yet what came of it."""
    query = select(table).where(table.c.target_id == target_id, table.c.outcome.is_(None))
    row = conn.execute(query.order_by(table.c.id.desc()).limit(1)).one_or_none()
    return _row(row) if row is not None else None


def of_release(conn: Connection, target_id: str, release: Release) -> PostRow | None:
    """The post that made this release of a target, by what was recorded or by its nonce."""
    made = or_(
        table.c.release_id == release.id, table.c.nonce == (nonce_of(release.description) or "")
    )
    query = select(table).where(table.c.target_id == target_id, made)
    row = conn.execute(query.order_by(table.c.id.desc()).limit(1)).one_or_none()
    return _row(row) if row is not None else None


# Nobody found a release of it, and yet it may have made one, or make one still.
_GIVEN_UP = table.c.release_id.is_(None) & or_(
    table.c.outcome.in_(("no_trace", "unknown")),
    # The answer was to a second sending; what became of the first one nobody knows.
    (table.c.outcome == "refused") & (table.c.sends > 1),
)


def given_up(conn: Connection, target_id: str) -> list[PostRow]:
    """Posts without a nonce that may have made a release though nobody found one."""
    query = select(table).where(
        table.c.target_id == target_id, table.c.account_id.is_not(None), _GIVEN_UP
    )
    return [_row(row) for row in conn.execute(query.order_by(table.c.id))]


def may_have_made(release: Release) -> ColumnElement[bool]:
    """The condition of posts that made a release, or may have made it without a nonce."""
    made = table.c.release_id == release.id
    if nonce := nonce_of(release.description):
        return or_(made, table.c.nonce == nonce)
    unnamed = (
        table.c.account_id.is_not(None)
        & (table.c.account_id == release.author_id)
        & (table.c.artifact == release.artifact)
        & (table.c.base_version < release.version)
    )
    return or_(made, unnamed & or_(table.c.outcome.is_(None), _GIVEN_UP))


def promised(conn: Connection, post_id: int, promotion_id: str) -> None:
    """Write down which pipeline promotion Heroku made of the post; its release is to be seen."""
    values = {"heroku_promotion_id": promotion_id}
    conn.execute(update(table).where(table.c.id == post_id).values(values))


def mark_unknown(conn: Connection, post_id: int) -> None:
    """Write down that its connection ended without an answer: looks are counted from now."""
    doubted = update(table).where(table.c.id == post_id)
    conn.execute(doubted.values(sent_at=func.clock_timestamp()))


def mark_unsent(conn: Connection, post_id: int) -> None:
    """Write down that the last sending never left."""
    conn.execute(update(table).where(table.c.id == post_id).values(sends=table.c.sends - 1))


def send_again(conn: Connection, post_id: int) -> PostRow:
    """Write down that the post goes out a second time, under the same nonce."""
    values = {"sends": table.c.sends + 1, "sent_at": func.clock_timestamp()}
    statement = update(table).where(table.c.id == post_id).values(values).returning(table)
    return _row(conn.execute(statement).one())


def settle(
    conn: Connection,
    post_id: int,
    outcome: str,
    *,
    release_id: str | None = None,
    release_version: int | None = None,
) -> None:
    """Write down what became of the post."""
    values = {
        "outcome": outcome,
        "release_id": release_id,
        "release_version": release_version,
        "settled_at": func.clock_timestamp(),
    }
    conn.execute(update(table).where(table.c.id == post_id).values(values))


def issued(conn: Connection, target_id: str) -> frozenset[str]:
    """Every nonce issued for this target and every release known to be ours there."""
    query = select(table.c.nonce, table.c.release_id).where(table.c.target_id == target_id)
    return frozenset(mark for row in conn.execute(query) for mark in row if mark is not None)


def kinds(conn: Connection, target_id: str) -> dict[str, PromotionKind]:
    """What each request for this target was for, by its nonce and by its release."""
    query = select(table.c.nonce, table.c.release_id, table.c.kind)
    rows = conn.execute(query.where(table.c.target_id == target_id))
    return {
        mark: PromotionKind(row.kind)
        for row in rows
        for mark in (row.nonce, row.release_id)
        if mark is not None
    }
