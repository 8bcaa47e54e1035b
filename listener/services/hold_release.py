"""Release of holds: one by its id, or all in force on an app; each that ends is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from listener.core import duration
from listener.core.drift import LastKnown
from listener.db import apps, holds, queries, releases
from listener.db.apps import AppRow
from listener.db.holds import HoldRow
from listener.errors import Conflict, HerokuUnreadable, NotFound
from listener.inventory import drift
from listener.inventory.context import Context
from listener.inventory.reader import Snapshot
from listener.roles import Role
from listener.services import apps as named
from listener.services import hold_audit, hold_preview, presenters
from listener.services.apps import number_of
from listener.services.cancel import cancel_each
from listener.services.heroku_calls import HerokuCall
from listener.services.views import (
    Freed,
    HoldsReleased,
    HoldView,
    Next,
    PromotionView,
    ReleaseForeseen,
)

NOT_RELEASED = "Nothing was released."
NO_HOLD_ON_ALL = "There is no hold on every target."
BY_PEOPLE = ("person", "freeze", "rollback")  # kinds of holds that say nothing of what the app runs


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldSelection:
    """Which holds are to be released: one by its id, else those in force on an app.

    Without an app, those on every target.
    """

    app: str | None = None
    hold: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The holds that are meant, as the database has them, and those planned beside them."""

    meant: tuple[HoldRow, ...]
    planned: tuple[HoldRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What somebody was shown and agreed to: the holds that end, the promotions that would go."""

    holds: frozenset[int]
    promotions: frozenset[int]


def foresee(context: Context, wish: HoldSelection) -> ReleaseForeseen:
    """Preview a release of holds; nothing is released. Raises NotFound, Conflict."""
    app_id, note = _app_id(context, HerokuCall(""), wish, Role.VIEWER), ""
    try:
        _look(context, HerokuCall(""), app_id, wish, as_it_is=False)
    except HerokuUnreadable as error:
        note = f"{error.message} What follows is as it was seen last."
    with context.database.begin() as conn:
        row = apps.get(conn, app_id) if app_id is not None else None
        found = look_up(context, conn, row, wish)
        return _foreseen(context, conn, row, found, note)


def foresee_stored(context: Context, conn: Connection, row: AppRow) -> ReleaseForeseen | None:
    """Preview a release of the holds in force on an app, as Heroku was seen last.

    None where there is none, or something would go that whoever asks may not see.
    """
    now = releases.now(conn)
    here = [hold for hold in holds.open_(conn, row.id) if hold.app_id == row.id]
    meant = tuple(hold for hold in here if hold.value.is_in_force(now))
    if not meant:
        return None
    planned = tuple(hold for hold in here if hold not in meant)
    try:
        return _foreseen(context, conn, row, Found(meant, planned))
    except Conflict:
        return None


def _foreseen(
    context: Context, conn: Connection, row: AppRow | None, found: Found, note: str = ""
) -> ReleaseForeseen:
    without, scope = [hold.id for hold in found.meant], context.reach.sees
    freed = tuple(hold_preview.foresee(conn, each, without, scope) for each in _affected(conn, row))
    _check_seen(context, freed)
    meant, planned = (
        tuple(presenters.of_holds(conn, rows)) for rows in (found.meant, found.planned)
    )
    return ReleaseForeseen(meant, planned, freed, note)


def release(
    context: Context,
    wish: HoldSelection,
    *,
    by: str,
    agreed: Agreed | None = None,
    discard: bool = False,
) -> HoldsReleased:
    """Release the holds that are meant, and say what goes next; `discard` cancels what waits.

    A fresh snapshot makes what the app runs now count as explained. Nothing is released where
    Heroku cannot be read, nor where other holds would end or other promotions would go than were
    agreed to (Conflict).
    """
    ask = HerokuCall(NOT_RELEASED)
    app_id = _app_id(context, ask, wish, Role.ADMIN)
    reading = _look(context, ask, app_id, wish, as_it_is=True)
    with context.database.begin() as conn:
        row = apps.lock(conn, [app_id])[app_id] if app_id is not None else None
        found = look_up(context, conn, row, wish)
        foreseen = _foreseen(context, conn, row, found)
        _check_agreed(foreseen, agreed)
        cancelled = _discard(context, conn, foreseen, by) if discard else ()
        released = _end(conn, found.meant, by)
        if row is not None:
            _explain(conn, row, reading)
        after = tuple(next_for(context, conn, each) for each in _affected(conn, row))
        message = _message(after, foreseen.planned)
        return HoldsReleased(released, foreseen.planned, after, cancelled, message)


def _check_seen(context: Context, freed: Sequence[Freed]) -> None:
    """Raise Conflict where a promotion would go from an app that whoever asks may not see.

    Nobody lets go what he is not shown, and no word is said of it.
    """
    views = (each.promotion for item in freed for each in item.waiting)
    if all(context.reach.sees.has(view.names[view.row.source_id]) for view in views):
        return
    message = "Something waits here from an app that you may not see: ask who sees every app."
    raise Conflict("hidden_promotion", f"{message} {NOT_RELEASED}")


def _check_agreed(foreseen: ReleaseForeseen, agreed: Agreed | None) -> None:
    ends = frozenset(view.row.id for view in foreseen.holds)
    if agreed is not None and (ends, foreseen.going) != (agreed.holds, agreed.promotions):
        message = f"This is not what was shown any more. {NOT_RELEASED} By now: {foreseen.message}"
        raise Conflict("release_changed", message)


def _discard(
    context: Context, conn: Connection, foreseen: ReleaseForeseen, by: str
) -> tuple[PromotionView, ...]:
    waiting = (each.promotion.row for item in foreseen.freed for each in item.waiting)
    why = f"Cancelled by {by}, who released what held it."
    rows = cancel_each(conn, waiting, why=why, by=by)
    return tuple(presenters.of_promotions(conn, rows, context.reach.sees))


def _app_id(context: Context, ask: HerokuCall, wish: HoldSelection, for_all: Role) -> str | None:
    """Return the id of the app whose holds are meant; None for every target.

    Raises NotFound; Forbidden without the role there, or for every target without `for_all`.
    """
    if wish.hold is not None:
        with context.database.begin() as conn:
            app_id = find(context, conn, wish.hold).app_id
        if app_id is None:
            context.reach.check_all(for_all)
        return app_id
    if wish.app is None:
        context.reach.check_all(for_all)
        return None
    found = named.find_app(context, ask, wish.app)
    if found is None:
        message = f"There is no hold on {wish.app}, and Heroku knows no such app."
        raise NotFound("hold", message + named.meant(context, wish.app))
    context.reach.check(found.name)
    return found.id


def _look(
    context: Context, ask: HerokuCall, app_id: str | None, wish: HoldSelection, *, as_it_is: bool
) -> Snapshot | None:
    """Read what the app runs, so that drift of a moment ago is known before the release.

    None where there is nothing to explain: for every target, for a hold that is only planned, or
    where Heroku has the app no more.
    """
    with context.database.begin() as conn:
        row = apps.get(conn, app_id) if app_id is not None else None
        found, now = look_up(context, conn, row, wish), releases.now(conn)
    is_planned = not any(hold.value.is_in_force(now) for hold in found.meant)
    if app_id is None or is_planned:
        return None
    reading = ask.unless_gone(context.reader.releases, app_id, as_it_is=as_it_is)
    if reading is not None:
        ask.unless_gone(drift.record_snapshot, context, reading)
    return reading


def find(context: Context, conn: Connection, hold_id: str) -> HoldRow:
    """Find the hold of this id, as people write it.

    Raises NotFound, also where its app is hidden; Forbidden unless what is asked for is allowed
    there. Whoever sees any app sees those on every target.
    """
    number, reach = number_of(hold_id), context.reach
    row = holds.find(conn, number, scope=reach.sees) if number is not None else None
    if row is None:
        raise NotFound("hold", "Couldn't find that hold.")
    if row.app_id is not None and not reach.acts.is_all:
        reach.check(apps.get(conn, row.app_id).name)
    return row


def look_up(context: Context, conn: Connection, row: AppRow | None, wish: HoldSelection) -> Found:
    """Find the holds that are meant. Raises NotFound; Conflict where the one meant has ended."""
    now = releases.now(conn)
    app_id = row.id if row is not None else None
    open_holds = holds.open_(conn, app_id)[::-1]
    here = [hold for hold in open_holds if hold.app_id == app_id]
    planned = [hold for hold in here if not hold.value.is_in_force(now)]
    if wish.hold is not None:
        meant = _by_id(context, conn, here, wish.hold)
        return Found((meant,), tuple(hold for hold in planned if hold.id != meant.id))
    in_force = [hold for hold in here if hold not in planned]
    if not in_force:
        of_all = [hold for hold in open_holds if hold.app_id is None]
        is_all_held = any(hold.value.is_in_force(now) for hold in of_all)
        raise NotFound("hold", _not_held(conn, row, planned, is_all_held=is_all_held))
    return Found(tuple(in_force), tuple(planned))


def _by_id(context: Context, conn: Connection, here: Sequence[HoldRow], hold_id: str) -> HoldRow:
    row = find(context, conn, hold_id)
    if any(hold.id == row.id for hold in here):
        return row
    how = f"was released by {row.released_by}" if row.released_at is not None else "is over"
    raise Conflict("hold_ended", f"Hold {row.id} {how}.")


def _not_held(
    conn: Connection, row: AppRow | None, planned: Sequence[HoldRow], *, is_all_held: bool
) -> str:
    if planned:
        whose = f"{row.name} is not on hold now." if row is not None else NO_HOLD_ON_ALL
        which = planned[0].id
        ends = f"`autopromote holds:release {which}` ends hold {which}."
        return f"{whose} {_planned_message(planned)} {ends}"
    if row is None:
        return NO_HOLD_ON_ALL
    message = f"{row.name} is not on hold."
    if is_all_held:
        message += " Every target is: `autopromote holds:release --all` releases that."
    if (before := holds.of_namesake(conn, row.id, row.name)) is not None:
        message += (
            f" Another app bore this name before, and is: `autopromote holds:release {before.id}`."
        )
    return message


def _planned_message(planned: Sequence[HoldRow]) -> str:
    said = ", ".join(f"{_reason(hold)} (hold {hold.id}){span(hold)}" for hold in planned)
    return f"Still planned: {said}."


def _reason(hold: HoldRow) -> str:
    return " ".join(hold.reason.split()).rstrip(".")


def span(hold: HoldRow) -> str:
    """Say from when until when a hold lasts, as a part of a sentence."""
    begins = f" from {duration.format_moment(hold.starts_at)}" if hold.starts_at is not None else ""
    ends = f" until {duration.format_moment(hold.ends_at)}" if hold.ends_at is not None else ""
    return begins + (ends or " until released")


def _end(conn: Connection, meant: Sequence[HoldRow], by: str) -> tuple[HoldView, ...]:
    rows = holds.release(conn, [hold.id for hold in meant], by=by)
    views = tuple(presenters.of_holds(conn, rows))
    for view in views:
        hold_audit.record(conn, by, "hold.released", view)
    return views


def _explain(conn: Connection, row: AppRow, reading: Snapshot | None) -> None:
    """Store what the app runs now as its last known state, if a rule was ever armed for it.

    Nothing is stored while the app has another open hold that no person put.
    """
    known = apps.get(conn, row.id).known
    current = reading.history.current if reading is not None else None
    if reading is None or current is None or known is None or _is_unexplained(conn, row):
        return
    newest = reading.history.newest_version
    if newest >= known.version:  # a promotion of ours may have ended since the snapshot
        apps.set_known(conn, row.id, LastKnown(newest, current.artifact))


def _is_unexplained(conn: Connection, row: AppRow) -> bool:
    left = (hold for hold in holds.open_(conn, row.id) if hold.app_id == row.id)
    return any(hold.kind not in BY_PEOPLE for hold in left)


def _affected(conn: Connection, row: AppRow | None) -> list[AppRow]:
    """Return the app, or else every target that something waits for."""
    if row is not None:
        return [row]
    return [apps.get(conn, app_id) for app_id in queries.waited_for(conn)]


def _message(after: Sequence[Next], planned: Sequence[HoldView]) -> str:
    said = " ".join(item.message for item in after) or "Nothing waits for any target."
    return f"{said} {_planned_message([view.row for view in planned])}" if planned else said


def next_for(context: Context, conn: Connection, row: AppRow) -> Next:
    """Say what goes to this target as soon as its gates pass."""
    foreseen = hold_preview.foresee(conn, row, (), context.reach.sees)
    view = foreseen.waiting[0].promotion if foreseen.waiting else None
    if foreseen.still is not None:
        return Next(row.id, row.name, view, f"Still, {foreseen.still}.")
    if view is None:
        return Next(row.id, row.name, None, f"Nothing waits for {row.name}.")
    if not foreseen.going:
        return Next(row.id, row.name, view, foreseen.waiting[0].message)
    view = foreseen.going[0].promotion
    what = f"v{view.row.version} of {view.names[view.row.source_id]} goes next"
    return Next(row.id, row.name, view, f"{what} to {row.name}.")
