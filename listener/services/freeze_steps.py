"""Freezes of a file: plans what they change, then puts and ends their holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from listener.core import duration
from listener.db import holds, queries, releases
from listener.db.holds import HoldRow
from listener.errors import Conflict, Invalid
from listener.inventory.context import Context
from listener.services import apps as named
from listener.services import hold_audit, presenters
from listener.services.freezes import FREEZE, FreezeAction, Freezes, FreezeStep, NewFreeze, match
from listener.services.heroku_calls import HerokuCall
from listener.services.holds import NewHold, insert_hold, too_late_anywhere
from listener.services.rule_plan import NewFile
from listener.services.views import HoldView

EVERY = "every target"


def plan(context: Context, ask: HerokuCall, file: NewFile, faults: list[str]) -> Freezes:
    """Plan the file's freezes against those that stand; add what is wrong to `faults`.

    A file that says nothing of freezes, as older command lines send it, ends none.
    """
    with context.database.begin() as conn:
        rows, now = _standing(context, conn), releases.now(conn)
        views = presenters.of_holds(conn, rows)
    standing = [_as_step(view) for view in reversed(views)]
    draft = _Draft(context, ask, now, faults)
    for wish in file.freezes or ():
        draft.add(wish)
    steps = match(draft.wanted, standing)
    kept = {step.hold_id for step in steps}
    others = [step for step in standing if step.hold_id not in kept]
    ends = file.prune and file.freezes is not None
    if ends:
        context.reach.check(*(step.place for step in others if step.app_id is not None))
        steps += [replace(step, action=FreezeAction.END) for step in others]
    return Freezes(
        steps=tuple(steps),
        left=() if ends else tuple(others),
        stands_on=frozenset(row.id for row in rows),
        notes=tuple(dict.fromkeys(draft.notes)),
    )


def _standing(context: Context, conn: Connection) -> list[HoldRow]:
    """Find the freezes that a file of whoever asks may be about."""
    scope = context.reach.sees
    found = (row for row in holds.open_(conn, scope=scope) if row.kind == FREEZE)
    return [row for row in found if scope.is_all or row.app_id is not None]


def _as_step(view: HoldView) -> FreezeStep:
    row = view.row
    return FreezeStep(
        action=FreezeAction.KEEP,
        app_id=row.app_id,
        place=view.app_name or EVERY,
        reason=row.reason,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        hold_id=row.id,
    )


@dataclass(slots=True)
class _Draft:
    """The file's freezes, one for each app, with the faults and notes about them."""

    context: Context
    ask: HerokuCall
    now: datetime
    faults: list[str]
    wanted: list[FreezeStep] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    found: dict[str, str] = field(default_factory=dict)

    def add(self, wish: NewFreeze) -> None:
        """Add one freeze of the file to the draft."""
        starts, ends = wish.starts_at, wish.ends_at
        if starts is not None and ends is not None and ends <= starts:
            self._fault(wish, "it would end before it begins: until must be later than from.")
        elif ends is not None and ends <= self.now:
            # A freeze that is over may stay in the file, and its apps may be gone by now.
            ended = f"{wish.label} is over since {duration.format_moment(ends)}, and left out"
            self.notes.append(f"{ended}: {' '.join(wish.reason.split())}")
            return
        for name in (None,) if wish.apps is None else dict.fromkeys(wish.apps):
            self._add_on(wish, name)

    def _add_on(self, wish: NewFreeze, name: str | None) -> None:
        try:
            app_id = self._app_id(name)
        except Invalid as error:
            self._fault(wish, error.message)
            return
        step = FreezeStep(
            action=FreezeAction.ADD,
            app_id=app_id,
            place=name or EVERY,
            reason=wish.reason,
            starts_at=wish.starts_at,
            ends_at=wish.ends_at,
        )
        if any(step.key == other.key for other in self.wanted):
            self._fault(wish, f"the file declares it twice, on {step.place}.")
        self.wanted.append(step)

    def _app_id(self, name: str | None) -> str | None:
        """Return the id of the app that has the name now; Heroku is asked once for each.

        Raises Forbidden where a freeze there is not allowed.
        """
        if name is None:
            self.context.reach.check_all()
            return None
        if name not in self.found:
            app = named.find_at_heroku(self.context, self.ask, name)
            self.context.reach.check(app.name)
            self.notes += [app.note] if app.note else []
            self.found[name] = app.id
        return self.found[name]

    def _fault(self, wish: NewFreeze, fault: str) -> None:
        self.faults.append(f"{wish.label}: {fault}")


def check_standing(context: Context, conn: Connection, planned: Freezes) -> None:
    """Raise Conflict if the freezes changed since the plan; the caller holds the rules' lock."""
    if frozenset(row.id for row in _standing(context, conn)) != planned.stands_on:
        message = "The freezes were changed by somebody else meanwhile. Look, and try again."
        raise Conflict("plan_changed", message)


def carry_out(conn: Connection, planned: Freezes, *, by: str) -> Freezes:
    """Write all steps, each with its audit entry; the caller holds the apps' locks."""
    return replace(planned, steps=tuple(_carried(conn, step, by) for step in planned.steps))


def _carried(conn: Connection, step: FreezeStep, by: str) -> FreezeStep:
    if step.action is FreezeAction.ADD:
        return _put(conn, step, by)
    if step.action is FreezeAction.END and step.hold_id is not None:
        for view in presenters.of_holds(conn, holds.release(conn, [step.hold_id], by=by)):
            hold_audit.record(conn, by, "hold.released", view)
    return step


def _put(conn: Connection, step: FreezeStep, by: str) -> FreezeStep:
    wish = NewHold(
        app=step.place if step.app_id is not None else None,
        reason=step.reason,
        starts_at=step.starts_at,
        ends_at=step.ends_at,
        kind=FREEZE,
    )
    row = insert_hold(conn, step.app_id, wish, by=by).row
    is_on = step.app_id is not None and row.value.is_in_force(releases.now(conn))
    late = queries.active(conn, step.app_id) if is_on else ()
    return replace(step, hold_id=row.id, too_late_for=late)


def tell_late(context: Context, done: Freezes) -> Freezes:
    """Add what new freezes of every target came too late for, once everybody sees them."""
    return replace(done, steps=tuple(_late_anywhere(context, done.steps)))


def _late_anywhere(context: Context, steps: Iterable[FreezeStep]) -> Iterable[FreezeStep]:
    for step in steps:
        if step.action is FreezeAction.ADD and step.app_id is None and _is_on(context, step):
            yield replace(step, too_late_for=too_late_anywhere(context))
        else:
            yield step


def _is_on(context: Context, step: FreezeStep) -> bool:
    with context.database.begin() as conn:
        return step.starts_at is None or step.starts_at <= releases.now(conn)
