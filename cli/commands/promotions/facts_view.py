"""How the facts look that a gate saw, and the earliest time at which a promotion could go."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime

import click

from cli.commands.promotions.view import show_gate, verified
from cli.output import fold, paint, say
from cli.plain import plain_line
from cli.resources import Promotion
from cli.times import distance, when

Facts = Mapping[str, object]


def show_decision(promotion: Promotion) -> None:
    """Print a promotion's gates with the facts they saw, when it is looked at next, and goes."""
    width = max((len(plain_line(gate["name"])) for gate in promotion["gates"]), default=0)
    for gate in promotion["gates"]:
        show_gate(gate, width)
        show_facts(gate.get("facts") or {}, margin=width + 4)
    if seen := verified(promotion):
        say(plain_line(f"Verified: {seen}"))
    if promotion["due_at"]:
        say(f"Looked at next: {when(promotion['due_at'])}")
    if earliest_at := promotion.get("earliest_at"):
        say(f"Earliest: {earliest(earliest_at, datetime.now(UTC))}")


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
            return ", ".join(shown(each) for each in value) or "none"
        case _:
            return str(value)


def earliest(text: str, now: datetime) -> str:
    """Return the time in the reader's zone and in UTC; once it is past, time no longer decides."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo is None or moment <= now:
        return "at any time, as far as time decides" if moment.tzinfo else text
    local = moment.astimezone()
    utc = "" if local.tzname() == "UTC" else f", {moment.astimezone(UTC):%Y/%m/%d %H:%M:%S} UTC"
    return f"{local:%Y/%m/%d %H:%M:%S} {local.tzname()}{utc} ({distance(moment, now)})"
