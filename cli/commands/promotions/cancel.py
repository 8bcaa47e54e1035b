"""`autopromote promotions:cancel`."""

import click

from cli.command import command
from cli.commands.promotions.view import show_line
from cli.context import Context, pass_context
from cli.options import as_json
from cli.output import action, say_json


@command("promotions:cancel 42")
@click.argument("id")
@as_json
@pass_context
def cancel(context: Context, id: str, as_json: bool) -> None:
    """cancel a promotion that waits"""
    with action(f"Cancelling promotion {id}"):
        promotion = context.listener.cancel_promotion(id)
    say_json(promotion) if as_json else show_line(promotion)
