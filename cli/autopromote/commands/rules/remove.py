"""`autopromote rules:remove`."""

import click

from autopromote.command import command
from autopromote.confirm import confirm
from autopromote.context import Context, pass_context
from autopromote.options import as_json, confirmation
from autopromote.output import action, say, say_json


@command("rules:remove ship --confirm ship")
@click.argument("name")
@confirmation("NAME")
@as_json
@pass_context
def remove(context: Context, name: str, confirmed: str | None, as_json: bool) -> None:
    """remove a rule and cancel what waits under it"""
    confirm(
        context,
        name,
        confirmed,
        warning=f"This removes rule {name} and cancels the promotions that wait under it.",
    )
    with action(f"Removing rule {name}"):
        rule = context.listener.remove_rule(name)
    if as_json:
        say_json(rule)
        return
    for promotion in rule.get("cancelled", []):
        say(f"Cancelled promotion {promotion}.")
