"""`autopromote promotions:approve`."""

import click

from cli.command import command
from cli.commands.promotions.view import show_line
from cli.context import Context, pass_context
from cli.options import as_json
from cli.output import action, say_json


@command("promotions:approve 42")
@click.argument("id")
@as_json
@pass_context
def approve(context: Context, id: str, as_json: bool) -> None:
    """approve a promotion that waits for it

    It counts for the very release and slug that the promotion brings. Whoever says something else
    later is taken at the last word.
    """
    with action(f"Approving promotion {id}"):
        promotion = context.listener.approve_promotion(id)
    say_json(promotion) if as_json else show_line(promotion)
