"""How it looks what a file of rules changes."""

from cli.commands.rules.trial_view import change_line, shown
from cli.commands.rules.view import warn_of
from cli.foreseen import Plan, Step
from cli.output import tell
from cli.tables import table

COLUMNS = ("Rule", "Plan", "Mode", "What")


def show_plan(plan: Plan) -> None:
    """Print a row for each rule, and one for each word of it that changes."""
    rows = [row for step in plan["rules"] for row in rows_of(step)]
    if rows:
        table(COLUMNS, rows)
    warn_of(plan.get("warnings", []))
    tell(plan["message"] if plan["applied"] else f"{plan['message']} Nothing was saved.")


def rows_of(step: Step) -> list[tuple[str, str, str, str]]:
    """Return what becomes of a rule: all that a new one says in one row."""
    mode = step.get("mode") or ""
    if step["action"] == "add":
        told = (c for c in step["changes"] if c["field"] not in ("name", "mode"))
        words = ", ".join(f"{c['field']} {shown(c['after'])}" for c in told)
        return [(step["name"], "add", mode, words)]
    lines = [change_line(change) for change in step["changes"]]
    lines += [f"cancelled promotion {id}" for id in step.get("cancelled", [])]
    return [(step["name"], step["action"], mode, line) for line in lines or [""]]


def removed(plan: Plan) -> list[str]:
    """Return the rules that go."""
    return [step["name"] for step in plan["rules"] if step["action"] == "remove"]
