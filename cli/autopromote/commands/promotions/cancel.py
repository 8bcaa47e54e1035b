"""`autopromote promotions:cancel`."""

import click

from autopromote.command import command
from autopromote.commands.promotions.view import show_line
from autopromote.context import Context, pass_context
from autopromote.options import as_json
from autopromote.output import action, say_json
from autopromote.pages import tell_pages


@command("promotions:cancel 42")
@click.argument("id")
@as_json
@pass_context
def cancel(context: Context, id: str, as_json: bool) -> None:
    """cancel a promotion that waits"""
    with action(f"Cancelling promotion {id}"):
        promotion = context.listener.cancel_promotion(id)
    if as_json:
        say_json(promotion)
        return
    show_line(promotion)
    tell_pages([promotion])
