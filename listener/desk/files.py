"""The files desk: rules and freezes as a file declares them; all are saved, or none."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Connection

from listener.desk import freezing, planning, saving
from listener.desk.asking import Asking
from listener.desk.plans import Action, NewFile, Plan, Step, revisions
from listener.desk.saving import Fresh
from listener.errors import Conflict
from listener.steps.readings import Reading
from listener.steps.tools import Tools
from listener.store import apps, promotions, rules

NOT_SAVED = "No rule was saved."


class FilesDesk:
    """Plans what a file of rules would change, and changes it in one transaction."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def plan(self, file: NewFile) -> Plan:
        """What `apply` would do now. Raises Invalid with everything that is wrong in the file."""
        return planning.make(self._tools, Asking("Nothing was checked."), file)

    def apply(self, file: NewFile, *, by: str, agreed: str | None = None) -> Plan:
        """Make the rules what the file says; a plan that somebody agreed to must still be it."""
        ask = Asking(NOT_SAVED)
        plan = planning.make(self._tools, ask, file)
        if agreed not in (None, plan.id):
            message = "This is not the plan that was agreed to any more. Look, and try again."
            raise Conflict("plan_changed", message)

        @cache
        def read(app_id: str) -> Reading:
            return ask(self._tools.readings.releases, app_id, as_it_is=True)

        fresh = {
            step.name: saving.prepare(read, step.after, step.row)
            for step in plan.changing
            if step.after is not None
        }
        with self._tools.database.begin() as conn:
            _lock(conn, plan)
            ended = {
                step.name: _carry_out(conn, step, fresh.get(step.name), by)
                for step in plan.changing
            }
            frozen = freezing.carry_out(conn, plan.freezes, by=by)
        return plan.done(ended, freezing.tell_late(self._tools, frozen))


def _lock(conn: Connection, plan: Plan) -> None:
    """Every rule, app and promotion that the plan touches, in the order in which others do."""
    rules.lock(conn)
    if revisions(rules.live(conn)) != plan.stands_on:
        message = "The rules were changed by somebody else meanwhile. Look, and try again."
        raise Conflict("rule_changed", message)
    apps.lock(conn, plan.apps)
    freezing.check_standing(conn, plan.freezes)
    around = sorted(plan.sources | plan.freezes.apps)
    promotions.lock_around(conn, *around, with_waiting=plan.freezes.is_of_all)


def _carry_out(conn: Connection, step: Step, fresh: Fresh | None, by: str) -> tuple[int, ...]:
    """Write one step; return the promotions that were cancelled with a rule that went."""
    match step:
        case Step(action=Action.REMOVE, row=row) if row is not None:
            return saving.remove(conn, row, by).cancelled
        case Step(row=None, after=after) if after is not None and fresh is not None:
            saving.add(conn, after, fresh, by)
        case Step(row=row, after=after) if row is not None and after is not None and fresh:
            saving.change(conn, row, after, fresh, by)
    return ()
