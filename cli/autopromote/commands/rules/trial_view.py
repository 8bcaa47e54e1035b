"""How it looks what a rule would have done if it had been changed."""

from autopromote.output import header, say, section, tell
from autopromote.plain import plain_line
from autopromote.resources import FieldChange, Forecast, ForecastChange, Trial
from autopromote.times import when

NEWEST = 30  # releases that are tried
NOTHING = "not asked for"


def show_trial(trial: Trial) -> None:
    """Print what the rule would say otherwise, and every release that would have fared otherwise.

    Nothing was saved, and that is said last.
    """
    header(trial["rule"]["name"])
    for line in [change_line(change) for change in trial["changes"]] or ["Nothing would change."]:
        say(plain_line(line))
    section(trial["message"].removesuffix("."))
    for fared in trial["results"]:
        if fared["differs"]:
            say(plain_line(fared_line(fared)))
    tell("Nothing was saved.")


def change_line(change: FieldChange) -> str:
    """Return `soak: 30m → 2h`."""
    return f"{change['field']}: {shown(change['before'])} → {shown(change['after'])}"


def shown(value: object) -> str:
    """Return what a rule says by one word, as one would write it."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)


def fared_line(fared: ForecastChange) -> str:
    """Return `v42 to example-app: went at once → would wait until 2030-01-31 14:00:00 CET (…)`."""
    where = f"v{fared['release']['version']} to {fared['target']['name']}"
    before, after = fared["before"], fared["after"]
    was = f"{fate(before, 'went', 'waits', 'was')} → " if before else ""
    would = fate(after, "would go", "would wait", "would be") if after else "would not go there"
    return f"{where}: {was}{would}"


def fate(fared: Forecast, goes: str, waits: str, is_: str) -> str:
    """Return what becomes of a release, in words for what was or for what would be."""
    at = when(fared.get("at"))
    match fared["status"]:
        case "shadowed":
            asked = ", ".join(fared.get("unanswered", []))
            return f"{goes} {at if fared.get('has_waited') else 'at once'}" + (
                f", asking for {asked}" if asked else ""
            )
        case "waiting":
            return f"{waits} until {at}" if at else f"{waits} ({fared['message']})"
        case None:
            return f"{is_} nothing to promote"
        case "errored":
            return f"cannot be told ({fared['message']})"
        case status:
            return f"{is_} {status} ({fared['message']})"
