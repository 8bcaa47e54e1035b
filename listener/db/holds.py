"""Holds: nothing is promoted to a target, or to any target, until a person releases the hold."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Text,
    and_,
    false,
    func,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from listener.core.commits import Block
from listener.core.gates.base import Foreign, Hold
from listener.core.opening_words import word_of
from listener.core.release import Release
from listener.db import commit_blocks, notifications
from listener.db.fixed import Fixed, value
from listener.db.queue import PAGE, notify
from listener.db.scopes import within
from listener.db.tables import app
from listener.db.tables import hold as table
from listener.db.waiting_promotions import reschedule_target
from listener.roles import EVERYTHING, Scope


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A hold as stored; without an app it is on every target."""

    id: int
    app_id: str | None
    kind: str  # person, freeze, rollback, detected, guard
    reason: str
    by: str
    starts_at: datetime | None
    ends_at: datetime | None
    created_at: datetime
    released_at: datetime | None
    released_by: str | None
    foreign_release: dict[str, Any] | None = None  # the last release of somebody else that it names
    foreign_at: datetime | None = None
    but: list[str] | None = None  # where it is on every target: the apps it leaves out

    @property
    def value(self) -> Hold:
        """The hold as the hold gate needs it."""
        return Hold(self.reason, self.by, self.starts_at, self.ends_at, self.id, self.kind)

    def is_on(self, app_id: str) -> bool:
        """Return whether it is on this app, or on every target and does not leave this one out."""
        return self.app_id == app_id or (self.app_id is None and app_id not in (self.but or ()))

    @property
    def word(self) -> str:
        """The word for it: freeze or hold."""
        return word_of(self.kind)

    @property
    def plan(self) -> tuple[object, ...]:
        """What is alike in holds of many apps that were planned together."""
        return self.kind, self.reason, self.by, self.starts_at, self.ends_at

    @property
    def what(self) -> str:
        """What happened, without why: the first sentence of its reason."""
        return f"{self.reason.partition('. ')[0].removesuffix('.')}."

    def is_for(self, promotion_id: int, reason: str) -> bool:
        """Return whether it is for what became of a promotion whose own reason says why, too."""
        what, _, why = self.reason.partition(". ")
        is_of_it = self.kind == "guard" and what.startswith(f"Promotion {promotion_id} ")
        return is_of_it and why != "" and why in reason


_OF_MOVES = ("rollback", "detected", "guard")
UNASKED = ("detected", "guard")  # kinds that no person asked for, so people are notified
_FIELDS = tuple(HoldRow.__dataclass_fields__)


def _row(row: Row[Any]) -> HoldRow:
    return HoldRow(**{name: getattr(row, name) for name in _FIELDS})


def put(
    conn: Connection,
    app_id: str | None,
    *,
    reason: str,
    by: str,
    kind: str = "person",
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    foreign: Release | None = None,
    but: Collection[str] = (),
) -> HoldRow | None:
    """Put a hold; return None where a detected one is open already.

    The caller holds the app's lock. `foreign` is the release of somebody else that the hold names.
    """
    statement = (
        insert(table)
        .values(
            app_id=app_id,
            kind=kind,
            reason=reason,
            by=by,
            starts_at=starts_at,
            ends_at=ends_at,
            **(_foreign(foreign) if foreign is not None else {}),
            but=sorted(but) if but else None,
        )
        .on_conflict_do_nothing()
        .returning(table)
    )
    row = conn.execute(statement).one_or_none()
    if row is None:
        return None
    notify(conn, PAGE)
    reschedule_target(conn, app_id)
    if kind in UNASKED:
        name = _name(conn, app_id)
        notifications.add(
            conn,
            "held",
            title=f"{name} is on hold",
            body=f"{reason}\nNothing is promoted to {name} until somebody runs"
            f" `autopromote holds:release -a {name}` (it is hold {row.id}).",
            hold_id=row.id,
        )
    return _row(row)


def _foreign(release: Release) -> dict[str, Any]:
    made_at = release.created_at if release.created_at is not None else func.clock_timestamp()
    shown = {
        "id": release.id,
        "version": release.version,
        "author": release.author,
        "description": release.description,
    }
    return {"foreign_release": shown, "foreign_at": made_at}


def note_foreign(conn: Connection, app_id: str, release: Release) -> None:
    """Record a further release of somebody else on the open detected hold."""
    same = table.c.app_id == app_id, table.c.kind == "detected", table.c.released_at.is_(None)
    other = table.c.foreign_release["id"].astext.is_distinct_from(release.id)
    conn.execute(update(table).where(*same, other).values(_foreign(release)))


def answered(conn: Connection, app_id: str) -> Foreign | None:
    """Return the last release of somebody else on this app whose hold a person released."""
    return standing(conn, app_id).foreign


def _foreign_of(row: Row[Any]) -> Foreign:
    shown = row.foreign_release
    return Foreign(row.id, shown["version"], shown["author"], row.foreign_at, row.released_at)


def _name(conn: Connection, app_id: str | None) -> str:
    name = conn.execute(select(app.c.name).where(app.c.id == app_id)).scalar_one_or_none()
    return name or "every target"


def open_(
    conn: Connection, app_id: str | None = None, *, scope: Scope = EVERYTHING
) -> list[HoldRow]:
    """Return the open holds, newest first: not released and not over, in force or to come.

    With an app: those on it, and those on every target that do not leave it out. Without one:
    those on every target, and on apps in scope.
    """
    if app_id is not None:
        return standing(conn, app_id).held
    if scope.is_all:
        return [_row(row) for row in _OPEN.rows(conn)]
    query = select(table).where(_IS_OPEN, *_within(scope)).order_by(table.c.id.desc())
    return [_row(row) for row in conn.execute(query)]


def _within(scope: Scope) -> list[ColumnElement[bool]]:
    """Match the holds on apps in scope, and those on every target."""
    return [or_(table.c.app_id.is_(None), is_in) for is_in in within(scope, table.c.app_id)]


_IS_OPEN = and_(
    table.c.released_at.is_(None), or_(table.c.ends_at.is_(None), table.c.ends_at > func.now())
)
_OPEN = Fixed(select(table).where(_IS_OPEN).order_by(table.c.id.desc()))


@dataclass(frozen=True, slots=True)
class Standing:
    """What people and guards say of an app, read in one statement."""

    held: list[HoldRow]  # the open holds, newest first
    foreign: Foreign | None  # the last foreign release `answered`
    blocks: tuple[Block, ...]  # all open ones, of whatever app
    was_moved: bool  # a hold was put once for what was no promotion: a rollback, say


def standing(conn: Connection, app_id: str) -> Standing:
    """Return what stands in the way of promotions to an app."""
    rows = _STANDING.rows(conn, app_id=app_id, app_ids=Jsonb([app_id]))
    found = [row for row in rows if row.id is not None]
    held = [_row(row) for row in found if row.released_at is None]
    answer = next((_foreign_of(row) for row in found if row.released_at is not None), None)
    return Standing(held, answer, commit_blocks.of_json(rows[0].blocks), rows[0].was_moved)


def _is_on(app_id: Any, app_ids: Any) -> ColumnElement[bool]:
    """Match holds on this app, and holds on every target that do not leave it out."""
    left_out = func.coalesce(table.c.but.contains(app_ids), false())
    return or_(table.c.app_id == app_id, and_(table.c.app_id.is_(None), not_(left_out)))


def _standing() -> Fixed:
    app_id, app_ids = value("app_id", Text), value("app_ids", JSONB)
    last = (
        select(table.c.id)
        .where(table.c.app_id == app_id, table.c.foreign_at.is_not(None))
        .where(table.c.released_at.is_not(None))
        .order_by(table.c.foreign_at.desc(), table.c.id.desc())
        .limit(1)
    )
    wanted = or_(and_(_IS_OPEN, _is_on(app_id, app_ids)), table.c.id == last.scalar_subquery())
    moved = select(table.c.id).where(table.c.app_id == app_id, table.c.kind.in_(_OF_MOVES))
    one = select(
        commit_blocks.open_as_json().label("blocks"), moved.exists().label("was_moved")
    ).subquery("one")
    query = select(one, table).select_from(one.outerjoin(table, wanted))
    return Fixed(query.order_by(table.c.id.desc()))


_STANDING = _standing()


def app_of(conn: Connection, hold_id: int) -> str | None:
    """Return the app that a hold is on; None where it is on every target."""
    query = select(table.c.app_id).where(table.c.id == hold_id)
    app_id: str | None = conn.execute(query).scalar_one_or_none()
    return app_id


def list_(
    conn: Connection,
    *,
    app_id: str | None = None,
    scope: Scope = EVERYTHING,
    limit: int = 100,
) -> list[HoldRow]:
    """Return all holds, released ones too, newest first; with an app, those on it.

    They are on every target, or on apps in scope.
    """
    query = select(table).where(*_within(scope)).order_by(table.c.id.desc()).limit(limit)
    if app_id is not None:
        query = query.where(_is_on(app_id, [app_id]))
    return [_row(row) for row in conn.execute(query)]


def find(conn: Connection, hold_id: int, *, scope: Scope = EVERYTHING) -> HoldRow | None:
    """Return the hold with this id, if there is one on every target or on an app in scope."""
    query = select(table).where(table.c.id == hold_id, *_within(scope))
    row = conn.execute(query).one_or_none()
    return _row(row) if row is not None else None


def of_namesake(conn: Connection, app_id: str, name: str) -> HoldRow | None:
    """Return an open hold on another app that had this name when we last read it."""
    namesakes = select(app.c.id).where(app.c.name == name, app.c.id != app_id)
    query = select(table).where(table.c.released_at.is_(None), table.c.app_id.in_(namesakes))
    row = conn.execute(query.order_by(table.c.id).limit(1)).one_or_none()
    return _row(row) if row is not None else None


def release(conn: Connection, hold_ids: Collection[int], *, by: str) -> list[HoldRow]:
    """Release these holds where open, and wake what waits for their targets; oldest first."""
    statement = (
        update(table)
        .where(table.c.id.in_(hold_ids), table.c.released_at.is_(None))
        .values(released_at=func.clock_timestamp(), released_by=by)
        .returning(table)
    )
    rows = sorted((_row(row) for row in conn.execute(statement)), key=lambda row: row.id)
    if rows:
        notify(conn, PAGE)
    held = {row.app_id for row in rows}
    for app_id in [None] if None in held else sorted(filter(None, held)):
        reschedule_target(conn, app_id)
    return rows
