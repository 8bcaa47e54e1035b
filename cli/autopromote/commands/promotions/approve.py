"""`autopromote promotions:approve`."""

import click

from autopromote.command import command
from autopromote.commands.promotions.view import show_line
from autopromote.context import Context, pass_context
from autopromote.options import as_json
from autopromote.output import action, say_json
from autopromote.pages import tell_pages


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
    if as_json:
        say_json(promotion)
        return
    show_line(promotion)
    tell_pages([promotion])
