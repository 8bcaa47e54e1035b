"""`autopromote holds:info`."""

import click

from autopromote.command import command
from autopromote.commands.holds.view import show_hold
from autopromote.context import Context, pass_context
from autopromote.options import as_json
from autopromote.output import say_json


@command("holds:info 3", "holds:info 3 --json")
@click.argument("id")
@as_json
@pass_context
def info(context: Context, id: str, as_json: bool) -> None:
    """show a hold"""
    hold = context.listener.hold(id)
    say_json(hold) if as_json else show_hold(hold)
