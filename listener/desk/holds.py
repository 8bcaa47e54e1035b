"""The holds desk: a target stands still, or goes on with what it runs now taken as explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection

from listener import moments
from listener.decision import Wait
from listener.desk import apps as named
from listener.desk import pages
from listener.desk.asking import Asking
from listener.desk.views import HoldPut, HoldsReleased, HoldView, Next
from listener.errors import Invalid, NotFound
from listener.gates.always import on_hold
from listener.promotion import PromotionKind
from listener.standing import Known
from listener.steps.readings import Reading
from listener.steps.tools import Tools
from listener.store import apps, audit, holds, promotions, releases, shown
from listener.store.apps import AppRow
from listener.store.holds import HoldRow

NOT_RELEASED = "Nothing was released."
NO_HOLD = "No hold was put."


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHold:
    """A hold as a person asks for it; without an app it is on every target."""

    app: str | None
    reason: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class HoldsDesk:
    """Puts, releases and shows holds."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def list_(self, *, app: str | None, with_ended: bool, limit: int) -> list[HoldView]:
        """The holds in force or to come, newest first; `with_ended`, all that ever were."""
        with self._tools.database.begin() as conn:
            app_id = named.find_id(conn, app)
            if with_ended:
                rows = holds.list_(conn, app_id=app_id, limit=limit)
            else:
                rows = holds.open_(conn, app_id)[:limit]
            return pages.of_holds(conn, rows)

    def put(self, wish: NewHold, *, by: str) -> HoldPut:
        """Put a hold, saying which promotions it comes too late for."""
        app_id = self._app_id(Asking(NO_HOLD), wish.app) if wish.app is not None else None
        with self._tools.database.begin() as conn:
            _check_times(wish, releases.started_at(conn))
            if app_id is not None:
                apps.lock(conn, [app_id])
            view = put(conn, app_id, wish, by=by)
            late = shown.at_work(conn, app_id)
        if app_id is None:
            late = self._too_late_anywhere()
        return HoldPut(view, late, _put_message(view, late))

    def _too_late_anywhere(self) -> tuple[int, ...]:
        """What is at work once the hold is seen everywhere.

        Whoever held a target's lock before it may have passed the hold by; each lock, taken once
        and alone, waits for that, and nobody is kept waiting for two.
        """
        with self._tools.database.begin() as conn:
            target_ids = shown.waited_for(conn)
        for target_id in target_ids:
            with self._tools.database.begin() as conn:
                apps.lock(conn, [target_id])
        with self._tools.database.begin() as conn:
            return shown.at_work(conn, None)

    def release(self, app: str | None, *, by: str) -> HoldsReleased:
        """Release the holds on an app (None: those on every target), and say what goes next.

        What the app runs now counts as explained, by a reading made for that; without one,
        nothing is released.
        """
        if app is None:
            return self._release_all(by)
        ask = Asking(NOT_RELEASED)
        app_id = self._app_id(ask, app)
        with self._tools.database.begin() as conn:
            self._check_held(conn, apps.get(conn, app_id))
        # Where Heroku has the app no more, nothing that it runs is to be explained.
        reading = ask.unless_gone(self._tools.readings.releases, app_id)
        with self._tools.database.begin() as conn:
            row = apps.lock(conn, [app_id])[app_id]
            self._check_held(conn, row)
            released = self._release(conn, app_id, by)
            _explain(conn, row, reading)
            after = next_for(conn, row)
            return HoldsReleased(released, (after,), after.message)

    def _release_all(self, by: str) -> HoldsReleased:
        with self._tools.database.begin() as conn:
            if not any(row.app_id is None for row in holds.open_(conn)):
                raise NotFound("hold", "There is no hold on every target.")
            released = self._release(conn, None, by)
            waited_for = [apps.get(conn, app_id) for app_id in shown.waited_for(conn)]
            after = tuple(next_for(conn, row) for row in waited_for)
            message = " ".join(item.message for item in after) or "Nothing waits for any target."
            return HoldsReleased(released, after, message)

    def _release(self, conn: Connection, app_id: str | None, by: str) -> tuple[HoldView, ...]:
        views = tuple(pages.of_holds(conn, holds.release(conn, app_id, by=by)))
        for view in views:
            _record(conn, by, "hold.released", view)
        return views

    def _check_held(self, conn: Connection, row: AppRow) -> None:
        open_holds = holds.open_(conn, row.id)
        if any(hold.app_id == row.id for hold in open_holds):
            return
        message = f"{row.name} is not on hold."
        if open_holds:
            message += " Every target is: `autopromote holds:release --all` releases that."
        raise NotFound("hold", message)

    def _app_id(self, ask: Asking, name: str) -> str:
        """A known app needs no Heroku: holds can be put while Heroku is down."""
        with self._tools.database.begin() as conn:
            row = apps.find(conn, name)
        return row.id if row is not None else named.read(self._tools, ask, name).id


def _check_times(wish: NewHold, now: datetime) -> None:
    if wish.ends_at is not None and wish.ends_at <= now:
        raise Invalid("The hold would be over already: until is in the past.")
    if wish.starts_at is not None and wish.ends_at is not None and wish.ends_at <= wish.starts_at:
        raise Invalid("The hold would end before it begins: until must be later than from.")


def _put_message(view: HoldView, late: Sequence[int]) -> str:
    row, name = view.row, view.app_name or "Every target"
    begins = f" from {moments.shown(row.starts_at)}" if row.starts_at is not None else ""
    ends = f"until {moments.shown(row.ends_at)}" if row.ends_at is not None else "until released"
    message = f"{name} is on hold{begins} {ends}."
    if not late:
        return message
    numbers = ", ".join(map(str, late))
    return f"{message} Too late for promotion {numbers}, already posting."


def _explain(conn: Connection, row: AppRow, reading: Reading | None) -> None:
    """What the app runs now is known from here on, if anybody ever armed a rule for it."""
    current = reading.history.current if reading is not None else None
    if reading is None or current is None or row.known is None:
        return
    newest = reading.history.newest_version
    if newest >= row.known.version:  # a promotion of ours may have ended since the reading
        apps.set_known(conn, row.id, Known(newest, current.artifact))


def next_for(conn: Connection, row: AppRow) -> Next:
    """What goes to this target as soon as its gates pass."""
    still = [hold.value for hold in holds.open_(conn, row.id)]
    verdict = on_hold(row.name, still, releases.started_at(conn))
    waiting = promotions.next_waiting(conn, row.id)
    view = pages.of_promotions(conn, [waiting])[0] if waiting is not None else None
    if isinstance(verdict, Wait):
        return Next(row.id, row.name, view, f"Still, {verdict.message}.")
    if waiting is None or view is None:
        return Next(row.id, row.name, None, f"Nothing waits for {row.name}.")
    what = f"v{waiting.version} of {view.names[waiting.source_id]} goes next"
    if waiting.kind is PromotionKind.ROLLBACK:
        what = f"The rollback to v{waiting.version} goes next"
    return Next(row.id, row.name, view, f"{what} to {row.name}.")


def put(conn: Connection, app_id: str | None, wish: NewHold, *, by: str) -> HoldView:
    """Put a person's hold, with its audit entry; the caller holds the app's lock."""
    row = holds.put(
        conn, app_id, reason=wish.reason, by=by, starts_at=wish.starts_at, ends_at=wish.ends_at
    )
    # Only a detected hold can find another in its way.
    view = pages.of_holds(conn, [cast(HoldRow, row)])[0]
    _record(conn, by, "hold.put", view)
    return view


def _record(conn: Connection, by: str, action: str, view: HoldView) -> None:
    """Leave an audit entry about a hold."""
    row = view.row
    state: dict[str, Any] = {
        "app": row.app_id,
        "kind": row.kind,
        "reason": row.reason,
        "by": row.by,
        "from": row.starts_at.isoformat() if row.starts_at else None,
        "until": row.ends_at.isoformat() if row.ends_at else None,
    }
    is_new = row.released_at is None
    audit.record(
        conn,
        by=by,
        action=action,
        subject_type="hold",
        subject_id=str(row.id),
        subject_name=view.app_name or "every target",
        before=None if is_new else state,
        after=state if is_new else None,
    )
