"""How it looks what a file of rules and freezes changes."""

from autopromote.commands.rules.trial_view import change_line, shown
from autopromote.commands.rules.view import warn_of
from autopromote.output import say, tell, warn
from autopromote.plain import plain_line
from autopromote.resources import Freeze, Plan, Step
from autopromote.tables import table
from autopromote.times import when

COLUMNS = ("Rule", "Plan", "Mode", "What")
DONE = {"add": "added", "end": "ended", "keep": "keeps"}
TO_DO = {"add": "would add", "end": "would end", "keep": "keeps"}


def show_plan(plan: Plan) -> None:
    """Print a row for each rule and each word of it that changes, and a line for each freeze."""
    rows = [row for step in plan["rules"] for row in rows_of(step)]
    if rows:
        table(COLUMNS, rows)
    for freeze in plan.get("freezes", []):
        say(freeze_line(freeze, DONE if plan["applied"] else TO_DO))
        if late := freeze["too_late_for"]:
            warn(f"{named(freeze)} is too late for promotion {', '.join(late)}, already posting.")
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


def ended(plan: Plan) -> list[str]:
    """Return the freezes that end, as --confirm names them."""
    return [named(each) for each in plan.get("freezes", []) if each["action"] == "end"]


def named(freeze: Freeze) -> str:
    """Return the name of a freeze by its hold; `freeze` where it has none yet."""
    return f"freeze-{freeze['id']}" if freeze["id"] else "freeze"


def freeze_line(freeze: Freeze, words: dict[str, str]) -> str:
    """Return `would add freeze on ⬢ example-app from … until …: launch day`."""
    place = f"⬢ {freeze['app']['name']}" if freeze["app"] else "every target"
    begins, ends = when(freeze["from"]), when(freeze["until"])
    times = f" from {begins}" * bool(begins) + f" until {ends}" * bool(ends)
    why = " (not in the file)" if freeze["action"] == "end" else ""
    doing = words.get(freeze["action"], freeze["action"])
    return plain_line(f"{doing} {named(freeze)} on {place}{times}: {freeze['reason']}{why}")
