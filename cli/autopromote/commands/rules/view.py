"""How a rule looks."""

from collections.abc import Iterable
from typing import Any

import click

from autopromote.conditions import OPTIONS, Option
from autopromote.output import block, say, warn
from autopromote.plain import plain_line
from autopromote.renaming import renamed
from autopromote.resources import Ref, Rule, Target
from autopromote.times import when

YES = "yes"
TRUE_UNLESS_SAID = frozenset({"self_approval"})


def show_rule(rule: Rule) -> None:
    """Print a rule, and from which release on it acts on each target."""
    block(
        rule["name"],
        [
            ("Source", f"⬢ {rule['source']['name']}"),
            (
                "Targets",
                "\n".join(target_line(target, rule["source"]) for target in rule["targets"]),
            ),
            ("Mode", rule["mode"]),
            ("Strategy", strategy_line(rule)),
            ("On newer", rule.get("on_newer")),
            *asked(rule),
            ("Revision", str(rule.get("revision") or "")),
            ("Created", when(rule.get("created_at"))),
            ("Updated", when(rule.get("updated_at"))),
            ("By", rule.get("created_by")),
            ("ID", rule["id"]),
        ],
    )


def show_saved(rule: Rule) -> None:
    """Print first what happens from now on, then the rule."""
    say(now_line(rule))
    click.echo()
    show_rule(rule)


def now_line(rule: Rule) -> str:
    """Return what the rule does at the next deploy: `armed: acts from example-app v43 on; …`."""
    mode, update = rule["mode"], f"autopromote rules:update {rule['name']} --mode"
    if mode == "off":
        source = f"⬢ {rule['source']['name']}"
        return f"off: no deploy of {source} goes anywhere; `{update} armed` lets it act"
    acts = acts_from(rule)
    if mode == "shadow":
        return f"shadow: {acts}, and promotes nothing; `{update} armed` lets it"
    return f"armed: {acts}; `{update} shadow` to watch first"


def acts_from(rule: Rule) -> str:
    """Return `acts from example-app-staging v43 on`, for each target where they differ."""
    notes = {target["name"]: target.get("baseline_note") or "acts" for target in rule["targets"]}
    if len(set(notes.values())) == 1:
        return next(iter(notes.values()))
    return ", ".join(f"{note} (⬢ {name})" for name, note in notes.items())


def warn_of(warnings: Iterable[str]) -> None:
    """Warn of what may surprise."""
    for warning in warnings:
        warn(plain_line(warning))


def strategy_line(rule: Rule) -> str | None:
    """Return the strategy, and why it is another than what was asked for."""
    note = rule.get("strategy_note")
    return f"{rule.get('strategy')} ({note})" if note else rule.get("strategy")


def target_line(target: Target, source: Ref) -> str:
    """Return the target's name and its baseline: `⬢ example-app (acts from source v43 on)`."""
    note = renamed(target.get("baseline_note") or "", {source["name"]: "source"})
    name = f"⬢ {target['name']}"
    return f"{name} ({note})" if note else name


def asked(rule: Rule) -> list[tuple[str, str]]:
    """Return each condition as one would type it: `--soak` and `30m`, a line for each of a list."""
    found = [
        switched(each, rule.get(each.field))
        if each.is_switch
        else (each.flag, shown(rule.get(each.field)))
        for each in OPTIONS
    ]
    return [(flag, text) for flag, text in found if text]


def switched(option: Option, value: Any) -> tuple[str, str]:
    """Return the flag of `--checks/--no-checks` that was typed, or nothing where none was."""
    on, _, off = option.flag.partition("/")
    is_said = value is not None and value != (option.field in TRUE_UNLESS_SAID)
    return on if value else off, YES if is_said else ""


def conditions_line(rule: Rule) -> str:
    """Return all that the rule asks in one line: `soak 30m, approvals 1, no-self-approval`."""
    return ", ".join(
        flag.removeprefix("--") if text == YES else f"{flag.removeprefix('--')} {text}"
        for flag, text in ((flag, text.replace("\n", " and ")) for flag, text in asked(rule))
    )


def shown(value: Any) -> str:
    """Return a condition's value, or nothing."""
    if isinstance(value, list):
        return "\n".join(str(each) for each in value)
    return "" if value is None else str(value)
