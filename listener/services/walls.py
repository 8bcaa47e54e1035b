"""Walls: a signed link shows the lanes of some apps to whoever has it, until it is removed."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from listener.crypto import BadToken, Keys, Signed
from listener.db import apps, audit, walls
from listener.db.engine import Database
from listener.db.walls import WallRow
from listener.errors import Conflict, Invalid, NotFound
from listener.inventory.changes import Changes
from listener.inventory.context import Context
from listener.services import lanes

PATH = "/wall/"
LONGEST_LIFE = timedelta(days=366)  # the usual one as well: it hangs on a wall
FORGOTTEN_AFTER = 60.0  # seconds in which nobody looked
NONE = -1  # no number of changes
SHOWN_FOR = 0.25  # seconds: so long it is not read anew, whatever changes and however many look


@dataclass(frozen=True, slots=True)
class NewWall:
    """A wall to be: of apps by name, with authors or without, and until when (else a year)."""

    name: str
    apps: Sequence[str]
    shows_names: bool
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class WallView:
    """A wall, and the names of its apps by id."""

    row: WallRow
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class MadeWall:
    """A new wall, the lanes that it shows now, and the apps that are in none of them."""

    view: WallView
    link: Signed
    lanes: tuple[str, ...]
    idle: tuple[str, ...]  # ids


def list_(context: Context) -> list[WallView]:
    """List the walls whose apps whoever asks may see, by name."""
    with context.database.begin() as conn:
        return _visible(context, conn)


def create(context: Context, wish: NewWall, *, by: str, now: datetime) -> MadeWall:
    """Make a wall; its link is shown this once. Raises Invalid, Forbidden, Conflict."""
    until = _checked_end(wish.expires_at, now)
    id = secrets.token_hex(16)
    with context.database.begin() as conn:
        names = _named(context, conn, wish.apps)
        context.reach.check(*names.values())
        new = walls.NewWall(
            id=id,
            name=wish.name,
            app_ids=names,
            shows_names=wish.shows_names,
            made_by=by,
            expires_at=until,
        )
        row = walls.add(conn, new)
        if row is None:
            message = f"There is a wall {wish.name}: remove it first, or choose another name."
            raise Conflict("wall_exists", message)
        view = WallView(row, names)
        _record(conn, view, "wall.created", by=by)
        found = lanes.of_apps(conn, row.app_ids)
    shown = {stop.stop.app_id for stop in found.stops}
    return MadeWall(
        view,
        context.keys.walls.sign({"wall": id}, until=until),
        tuple(lane.name for lane in found.lanes),
        tuple(each for each in names if each not in shown),
    )


def remove(context: Context, name: str, *, by: str) -> WallView:
    """End the wall of this name: every process refuses its link. Raises NotFound, Forbidden."""
    with context.database.begin() as conn:
        found = next((each for each in _visible(context, conn) if each.row.name == name), None)
        if found is None:
            raise _unknown(name)
        context.reach.check(*found.names.values())
        if not walls.remove(conn, found.row.id, by=by):
            raise _unknown(name)
        _record(conn, found, "wall.removed", by=by)
    return found


def _visible(context: Context, conn: Connection) -> list[WallView]:
    rows = walls.live(conn)
    names = apps.names(conn, {each for row in rows for each in row.app_ids})
    views = [WallView(row, {each: names.get(each, each) for each in row.app_ids}) for row in rows]
    sees = context.reach.sees
    return [view for view in views if all(map(sees.has, view.names.values()))]


def _named(context: Context, conn: Connection, wanted: Iterable[str]) -> dict[str, str]:
    """Return these apps, which rules or promotions have named: id to name. Raises Invalid."""
    found = {}
    for name in dict.fromkeys(wanted):
        row = apps.find(conn, name)
        if row is None or not context.reach.sees.has(row.name):
            raise Invalid(f"The listener knows no app {name}: a wall shows apps that rules name.")
        found[row.id] = row.name
    return found


def _checked_end(wanted: datetime | None, now: datetime) -> datetime:
    """Return when it ends. Raises Invalid."""
    until = wanted or now + LONGEST_LIFE
    if not now < until <= now + LONGEST_LIFE:
        message = f"A wall ends in the future, within {LONGEST_LIFE.days} days."
        raise Invalid(message)
    return until.replace(microsecond=0)


def _unknown(name: str) -> NotFound:
    return NotFound("wall", f"There is no wall {name}.")


def _record(conn: Connection, view: WallView, action: str, *, by: str) -> None:
    is_new = action == "wall.created"
    state = {
        "apps": sorted(view.names.values()),
        "names": view.row.shows_names,
        "made_by": view.row.made_by,
        "expires_at": view.row.expires_at.isoformat(),
    }
    audit.record(
        conn,
        by=by,
        action=action,
        subject_type="wall",
        subject_id=view.row.name,
        before=None if is_new else state,
        after=state if is_new else None,
    )


@dataclass(frozen=True, slots=True)
class Screen:
    """What a wall shows to whoever has its link: the page, its tag, and from what it was made."""

    page: bytes
    tag: str
    number: int  # of changes that were known
    at: float


class WallsDesk:
    """Finds walls by their links, and bounds what a link costs that many have.

    Each look asks for the row, so that every process refuses at once what was removed. What is
    shown is kept for a quarter of a second, and longer while nothing changes.
    """

    def __init__(
        self,
        database: Database,
        keys: Keys,
        changes: Changes,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._keys = keys
        self._changes = changes
        self._clock = clock
        self._lock = threading.Lock()
        self._screens: dict[str, Screen] = {}

    def find(self, link: str, *, now: datetime) -> WallRow:
        """Return the wall of a link. Raises NotFound, alike for whatever is none."""
        try:
            id = str(self._keys.walls.read(link, now=now).get("wall"))
        except BadToken:
            raise _nothing() from None
        with self._database.lend() as conn:
            row = walls.find(conn, id)
        if row is None:
            raise _nothing()
        return row

    def screen(self, row: WallRow) -> Screen | None:
        """Return what this wall showed just now; None to whoever is to read it anew.

        While one does, all others are shown what there is.
        """
        now = self._clock()
        with self._lock:
            found = self._screens.get(row.id)
            if found is None:
                return None
            if now - found.at < SHOWN_FOR or self._changes.stands(found.number, found.at):
                return found
            self._screens[row.id] = replace(found, number=NONE, at=now)
        return None

    def keep(self, row: WallRow, page: bytes, tag: str, number: int) -> Screen:
        """Keep what a wall shows, made after so many changes."""
        now = self._clock()
        screen = Screen(page, tag, number, now)
        with self._lock:
            seen = {id: one for id, one in self._screens.items() if now - one.at < FORGOTTEN_AFTER}
            self._screens = {**seen, row.id: screen}
        return screen


def _nothing() -> NotFound:
    return NotFound("wall", "Nothing is shown at this address.")
