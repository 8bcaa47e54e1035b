"""Release requests (table `post`): one row per request, committed before it is sent."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Text,
    and_,
    any_,
    case,
    func,
    insert,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
    union_all,
    update,
)

from listener.core.drift import UnmarkedRequest, nonce_of
from listener.core.promotion import PromotionKind
from listener.core.release import History, Release
from listener.core.rule import Strategy
from listener.db.fixed import Fixed, texts, value, values_of
from listener.db.tables import post as table
from listener.db.tables import promotion, shipment

ANSWERED = ("accepted", "refused")
AFTERWARDS = timedelta(seconds=2)  # what ships is read when the post is over


@dataclass(frozen=True, slots=True)
class PostRow:
    """A request for a release that we sent to Heroku, or may have sent."""

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
        """How its release is recognised without a nonce; None where a nonce is sent."""
        if self.account_id is None:
            return None
        return UnmarkedRequest(self.artifact, self.base_version, self.account_id)


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """Heroku's last answer to a release request for a target; `reason` is the promotion's."""

    target_id: str
    promotion_id: int
    outcome: str
    reason: str

    @property
    def was_refused(self) -> bool:
        """Whether Heroku refused definitely."""
        return self.outcome == "refused"


def last_answers(conn: Connection, target_ids: Iterable[str]) -> dict[str, LastAnswer]:
    """Return the last definite answer to a post, by target; posts never sent do not count."""
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
    values = {name: getattr(row, name) for name in _FIELDS}
    return PostRow(**{**values, "strategy": Strategy(row.strategy)})


def add(conn: Connection, **values: Any) -> PostRow:
    """Store the post that is about to be sent; `sent_at` is now by the database's clock."""
    return _row(_adding(tuple(sorted(values))).first(conn, **values))


@cache
def _adding(names: tuple[str, ...]) -> Fixed:
    new = insert(table).values(sent_at=func.clock_timestamp(), **values_of(table, names))
    written = new.returning(table).cte("written")
    return Fixed(select(literal_column("written.*")).select_from(written).add_cte(_moved(written)))


def _moved(written: CTE) -> CTE:
    """Have what ships read anew, if the target runs other code than when it was read."""
    is_other = shipment.c.base_artifact.is_distinct_from(written.c.base_artifact)
    is_its_own = (promotion.c.id == written.c.promotion_id) & (promotion.c.kind == written.c.kind)
    anew = (
        update(shipment)
        .where(shipment.c.promotion_id == written.c.promotion_id, is_other)
        .where(select(promotion.c.id).where(is_its_own).exists())
        .values(read_afterwards(true()))
    )
    return anew.cte("moved")


def read_afterwards(is_other: ColumnElement[bool]) -> dict[str, Any]:
    """Build the change that has what ships read soon, by nobody who reads it already.

    Where the target runs other code, what was read says nothing of what ships now.
    """
    c, soon = shipment.c, func.now() + literal(AFTERWARDS)
    kept = {each: case((is_other, null()), else_=each) for each in (c.base, c.untold)}
    kept |= {c.comparison_id: case((is_other, null()), else_=c.comparison_id)}
    anew = {c.due_at: func.least(c.due_at, soon), c.fence: c.fence + 1, c.lease_until: null()}
    return {column.key: made for column, made in (kept | anew).items()}


def latest(conn: Connection, promotion_id: int) -> PostRow:
    """Return the promotion's last post; every promotion that ever left waiting to post has one."""
    query = select(table).where(table.c.promotion_id == promotion_id)
    return _row(conn.execute(query.order_by(table.c.id.desc()).limit(1)).one())


def accepted(conn: Connection, promotion_id: int) -> PostRow:
    """Return the post that made the promotion's release; a promotion in verification has one."""
    query = select(table).where(
        table.c.promotion_id == promotion_id,
        table.c.kind == PromotionKind.PROMOTE,
        table.c.outcome == "accepted",
    )
    return _row(conn.execute(query.order_by(table.c.id.desc()).limit(1)).one())


def went_back(conn: Connection, promotion_id: int) -> bool:
    """Return whether a post rolled the promotion back, or may have: there is only one try."""
    query = select(table.c.id).where(
        table.c.promotion_id == promotion_id,
        table.c.kind == PromotionKind.ROLLBACK,
        table.c.outcome.is_distinct_from("not_sent"),
    )
    return conn.execute(query.limit(1)).first() is not None


def open_or_given_up(conn: Connection, target_id: str) -> tuple[PostRow | None, list[PostRow]]:
    """Return the last post whose outcome is not known yet, and those that were given up.

    The latter have no nonce, and may have made a release although none was found.
    """
    found = _OPEN_OR_GIVEN_UP.rows(conn, target_id=target_id)
    rows = sorted((_row(row) for row in found), key=lambda row: row.id)
    open_ = [row for row in rows if row.outcome is None]
    return (open_[-1] if open_ else None), [row for row in rows if row.outcome is not None]


def of_release(conn: Connection, target_id: str, release: Release) -> PostRow | None:
    """Find the post that made this release of a target, by its recorded release or its nonce."""
    made = or_(
        table.c.release_id == release.id, table.c.nonce == (nonce_of(release.description) or "")
    )
    query = select(table).where(table.c.target_id == target_id, made)
    row = conn.execute(query.order_by(table.c.id.desc()).limit(1)).one_or_none()
    return _row(row) if row is not None else None


# No release of it was found, but it may have made one, or may still make one.
_GIVEN_UP = table.c.release_id.is_(None) & or_(
    table.c.outcome.in_(("no_trace", "unknown")),
    # Heroku answered the second sending; the outcome of the first one is unknown.
    (table.c.outcome == "refused") & (table.c.sends > 1),
)


_HERE = select(table).where(table.c.target_id == value("target_id", Text))
_OPEN_OR_GIVEN_UP = Fixed(
    union_all(
        _HERE.where(table.c.outcome.is_(None)),
        _HERE.where(table.c.account_id.is_not(None), _GIVEN_UP),
    )
)

# The posts that made a release, or may have: by its nonce, or where it has none by our account.
_ITS_OWN = table.c.release_id == value("release_id", Text)
MADE_BY_NAME = or_(_ITS_OWN, table.c.nonce == value("nonce", Text))
MADE = or_(
    _ITS_OWN,
    and_(
        table.c.account_id.is_not(None),
        table.c.account_id == value("author_id", Text),
        table.c.artifact == value("artifact", Text),
        table.c.base_version < value("version", Integer),
        or_(table.c.outcome.is_(None), _GIVEN_UP),
    ),
)


def promised(conn: Connection, post_id: int, promotion_id: str) -> None:
    """Store which pipeline promotion Heroku made of the post; its release is not known yet."""
    values = {"heroku_promotion_id": promotion_id}
    conn.execute(update(table).where(table.c.id == post_id).values(values))


def mark_unknown(conn: Connection, post_id: int) -> None:
    """Record that the connection ended without an answer; looks are counted from now."""
    doubted = update(table).where(table.c.id == post_id)
    conn.execute(doubted.values(sent_at=func.clock_timestamp()))


def mark_unsent(conn: Connection, post_id: int) -> None:
    """Record that the last sending never left."""
    conn.execute(update(table).where(table.c.id == post_id).values(sends=table.c.sends - 1))


def send_again(conn: Connection, post_id: int) -> PostRow:
    """Record that the post is sent once more, under the same nonce."""
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
    """Store the outcome of the post."""
    about = {"release_id": release_id, "release_version": release_version}
    _SETTLE.write(conn, id=post_id, outcome=outcome, **about)


_SETTLED = ("outcome", "release_id", "release_version")
_SETTLE = Fixed(
    update(table)
    .where(table.c.id == value("id", BigInteger))
    .values(values_of(table, _SETTLED))
    .values(settled_at=func.clock_timestamp())
)


def issued(conn: Connection, target_id: str, shown: History) -> frozenset[str]:
    """Return the nonces and ids by which releases of ours are known among those shown."""
    return frozenset(issued_for(conn, target_id, shown))


def issued_for(conn: Connection, target_id: str, shown: History) -> dict[str, PromotionKind]:
    """Return these nonces and ids, each with what its request was for."""
    ids = [release.id for release in shown.releases]
    nonces = [nonce for r in shown.releases if (nonce := nonce_of(r.description)) is not None]
    marks = {"ids": json.dumps(ids), "nonces": json.dumps(nonces)}
    rows = _ISSUED.rows(conn, target_id=target_id, **marks)
    return {
        mark: PromotionKind(row.kind)
        for row in rows
        for mark in (row.nonce, row.release_id)
        if mark is not None
    }


# The marks are looked up alone, for a target may have thousands of posts.
_MARKED = (
    select(table.c.nonce, table.c.release_id, table.c.kind, table.c.target_id)
    .where(or_(table.c.release_id == any_(texts("ids")), table.c.nonce == any_(texts("nonces"))))
    .offset(0)
    .subquery()
)
_ISSUED = Fixed(
    select(_MARKED.c.nonce, _MARKED.c.release_id, _MARKED.c.kind).where(
        _MARKED.c.target_id == value("target_id", Text)
    )
)


def kinds(conn: Connection, target_id: str) -> dict[str, PromotionKind]:
    """Return the kind of each request for this target, by its nonce and by its release id."""
    query = select(table.c.nonce, table.c.release_id, table.c.kind)
    rows = conn.execute(query.where(table.c.target_id == target_id))
    return {
        mark: PromotionKind(row.kind)
        for row in rows
        for mark in (row.nonce, row.release_id)
        if mark is not None
    }
