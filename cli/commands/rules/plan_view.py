"""How it looks what a file of rules changes."""

from cli.commands.rules.trial_view import change_line, shown
from cli.foreseen import Plan, Step
from cli.output import tell
from cli.tables import table

COLUMNS = ("Rule", "Plan", "What")


def show_plan(plan: Plan) -> None:
    """Print a row for each rule, and one for each word of it that changes."""
    rows = [row for step in plan["rules"] for row in rows_of(step)]
    if rows:
        table(COLUMNS, rows)
    tell(plan["message"] if plan["applied"] else f"{plan['message']} Nothing was saved.")


def rows_of(step: Step) -> list[tuple[str, str, str]]:
    """Return what becomes of a rule: all that a new one says in one row."""
    if step["action"] == "add":
        told = (c for c in step["changes"] if c["field"] != "name")
        words = ", ".join(f"{c['field']} {shown(c['after'])}" for c in told)
        return [(step["name"], "add", words)]
    lines = [change_line(change) for change in step["changes"]] or [""]
    return [(step["name"], step["action"], line) for line in lines]


def removed(plan: Plan) -> list[str]:
    """Return the rules that go."""
    return [step["name"] for step in plan["rules"] if step["action"] == "remove"]
