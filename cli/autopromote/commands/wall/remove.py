"""`autopromote wall:remove`."""

import click

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.options import as_json
from autopromote.output import action, say_json


@command("wall:remove lobby")
@click.argument("name")
@as_json
@pass_context
def remove(context: Context, name: str, as_json: bool) -> None:
    """end a link that shows lanes

    Every process refuses it at once, and screens that show it go dark. It needs an admin of its
    apps.
    """
    with action(f"Removing wall {name}"):
        wall = context.listener.remove_wall(name)
    if as_json:
        say_json(wall)
