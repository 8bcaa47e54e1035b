"""The holds service: puts, previews, releases and shows holds on targets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Connection

from listener.core import duration
from listener.db import apps, holds, queries, releases
from listener.db.holds import HoldRow
from listener.errors import Invalid
from listener.inventory.context import Context
from listener.roles import Role
from listener.services import apps as named
from listener.services import hold_audit, hold_release, presenters
from listener.services.hold_release import Agreed, HoldSelection
from listener.services.views import HoldPut, HoldsReleased, HoldView, ReleaseForeseen

NO_HOLD = "No hold was put."


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHold:
    """A hold as a person asks for it; without an app it is on every target."""

    app: str | None
    reason: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    kind: str = "person"
    but: tuple[str, ...] = ()  # of every target, these are left out


def list_(context: Context, *, app: str | None, with_ended: bool, limit: int) -> list[HoldView]:
    """List the holds in force or to come, newest first; `with_ended`, all that ever were."""
    with context.database.begin() as conn:
        app_id, scope = named.find_id(context, conn, app), context.reach.sees
        if with_ended:
            rows = holds.list_(conn, app_id=app_id, scope=scope, limit=limit)
        else:
            rows = holds.open_(conn, app_id, scope=scope)[:limit]
        return presenters.of_holds(conn, rows, scope)


def put(context: Context, wish: NewHold, *, by: str) -> HoldPut:
    """Put a hold, and say which promotions it comes too late for."""
    app_id, but, note = _meant(context, wish)
    with context.database.begin() as conn:
        _check_times(wish, releases.now(conn))
        if app_id is not None:
            apps.lock(conn, [app_id])
        view = insert_hold(conn, app_id, wish, by=by, but=but)
        late = queries.active(conn, app_id)
    if app_id is None:
        late = too_late_anywhere(context, but)
    return HoldPut(view, late, " ".join(filter(None, [_put_message(view, late), note])))


def _meant(context: Context, wish: NewHold) -> tuple[str | None, tuple[str, ...], str]:
    """Return the app, the apps left out, and a note on what Heroku did not tell of them."""
    if wish.app is not None and wish.but:
        raise Invalid("except: only a hold on every target leaves apps out.")
    if wish.app is None:
        context.reach.check_all(Role.ADMIN)
    names = [name for name in (wish.app, *wish.but) if name]
    ask = named.urgent(context, NO_HOLD, names)
    found = [named.find_at_heroku(context, ask, name) for name in names]
    context.reach.check(*(each.name for each in found))
    note = " ".join(each.note for each in found if each.note)
    if wish.app is not None:
        return found[0].id, (), note
    return None, tuple(each.id for each in found), note


def get(context: Context, hold_id: str) -> HoldView:
    """Return one hold, whether it is in force, to come or over. Raises NotFound."""
    with context.database.begin() as conn:
        row = hold_release.find(context, conn, hold_id)
        return presenters.of_holds(conn, [row], context.reach.sees)[0]


def foresee(context: Context, wish: HoldSelection) -> ReleaseForeseen:
    """Preview what a release would let go, and how old that is; nothing is released."""
    return hold_release.foresee(context, wish)


def release(
    context: Context,
    app: str | None,
    *,
    by: str,
    agreed: Agreed | None = None,
    discard: bool = False,
) -> HoldsReleased:
    """Release the holds in force on an app (None: those on every target); others stay."""
    wish = HoldSelection(app=app)
    return hold_release.release(context, wish, by=by, agreed=agreed, discard=discard)


def release_one(
    context: Context, hold_id: str, *, by: str, agreed: Agreed | None = None, discard: bool = False
) -> HoldsReleased:
    """Release one hold, which may be one that is to come. Raises NotFound, Conflict."""
    wish = HoldSelection(hold=hold_id)
    return hold_release.release(context, wish, by=by, agreed=agreed, discard=discard)


def too_late_anywhere(context: Context, but: Collection[str] = ()) -> tuple[int, ...]:
    """Find the promotions under way once everybody sees a hold of every target, without `but`.

    Whoever held a target's lock before the hold may not have seen it. Taking each lock once
    waits for them; it is taken alone, so that nobody waits for two.
    """
    with context.database.begin() as conn:
        target_ids = queries.waited_for(conn)
    for target_id in target_ids:
        with context.database.begin() as conn:
            apps.lock(conn, [target_id])
    with context.database.begin() as conn:
        return queries.active(conn, None, but=but)


def _check_times(wish: NewHold, now: datetime) -> None:
    if wish.ends_at is not None and wish.ends_at <= now:
        raise Invalid("The hold would be over already: until is in the past.")
    if wish.starts_at is not None and wish.ends_at is not None and wish.ends_at <= wish.starts_at:
        raise Invalid("The hold would end before it begins: until must be later than from.")


def _put_message(view: HoldView, late: Sequence[int]) -> str:
    row, name = view.row, view.place
    begins = f" from {duration.format_moment(row.starts_at)}" if row.starts_at is not None else ""
    ends = (
        f"until {duration.format_moment(row.ends_at)}"
        if row.ends_at is not None
        else "until released"
    )
    message = f"{name} is on hold{begins} {ends}."
    if not late:
        return message
    numbers = ", ".join(map(str, late))
    return f"{message} Too late for promotion {numbers}, already posting."


def insert_hold(
    conn: Connection, app_id: str | None, wish: NewHold, *, by: str, but: Collection[str] = ()
) -> HoldView:
    """Put a person's hold, with its audit entry; the caller holds the app's lock."""
    row = holds.put(
        conn,
        app_id,
        reason=wish.reason,
        by=by,
        kind=wish.kind,
        starts_at=wish.starts_at,
        ends_at=wish.ends_at,
        but=but,
    )
    # Only a detected hold can find another in its way.
    view = presenters.of_holds(conn, [cast(HoldRow, row)])[0]
    hold_audit.record(conn, by, "hold.put", view)
    return view
