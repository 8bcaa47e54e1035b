"""How the facts look that a gate saw, and the earliest time at which a promotion could go.

Two apps count their releases apart, so a version is shown with its app.
"""

import sys
from collections.abc import Mapping

import click

from autopromote.commands.promotions.view import show_gate, verified
from autopromote.output import fold, paint, say
from autopromote.plain import plain_line
from autopromote.resources import Gate, Promotion
from autopromote.times import earliest, when

Facts = Mapping[str, object]
MOST = 20  # of a list, such as the commits that a rule stops
# Which facts of which gate are versions, and of which app.
OF_SOURCE = {
    "source": {"version", "current", "rolled_back_in"},
    "order": {"candidate", "target_runs", "target_ran", "newer"},
}
OF_TARGET = {
    "order": {"ran_in", "foreign"},
    "target": {"version", "pending"},
    "same-commit": {"rolled_back_in"},
}


def show_decision(promotion: Promotion) -> None:
    """Print a promotion's gates with the facts they saw, when it is looked at next, and goes."""
    width = max((len(plain_line(gate["name"])) for gate in promotion["gates"]), default=0)
    for gate in promotion["gates"]:
        show_gate(gate, width)
        show_facts(with_apps(gate, promotion), margin=width + 4)
    if seen := verified(promotion):
        say(plain_line(f"Verified: {seen}"))
    if promotion["due_at"]:
        say(f"Looked at next: {when(promotion['due_at'])}")
    if earliest_at := promotion.get("earliest_at"):
        say(f"Earliest: {earliest(earliest_at)}")


def with_apps(gate: Gate, promotion: Promotion) -> Facts:
    """Return the facts of a gate, each version with the app that counts so."""
    apps = (
        (OF_SOURCE.get(gate["name"], ()), promotion["source"]["app"]["name"]),
        (OF_TARGET.get(gate["name"], ()), promotion["target"]["app"]["name"]),
    )
    facts = dict(gate.get("facts") or {})
    for names, app in apps:
        facts |= {
            name: f"{app} v{facts[name]}" for name in names if isinstance(facts.get(name), int)
        }
    return facts


def show_facts(facts: Facts, *, margin: int) -> None:
    """Print what a gate saw, below what it said."""
    told = (f"{name.replace('_', ' ')} {shown(value)}" for name, value in facts.items())
    if text := plain_line(", ".join(told)):
        for line in fold(text, sys.stdout, taken=margin):
            click.echo(f"{' ' * margin}{paint(line, 'quiet')}")


def shown(value: object) -> str:
    """Return a fact as people read it: a time in their own zone, a list in words."""
    match value:
        case None:
            return "unknown"
        case bool():
            return "yes" if value else "no"
        case str():
            return when(value) or value
        case list():
            more = f" and {len(value) - MOST} more" * (len(value) > MOST)
            return f"{', '.join(shown(each) for each in value[:MOST]) or 'none'}{more}"
        case _:
            return str(value)
