"""`autopromote promotions:retry`."""

import click

from autopromote.command import command
from autopromote.commands.promotions.view import show_line
from autopromote.context import Context, pass_context
from autopromote.options import as_json
from autopromote.output import action, say_json
from autopromote.pages import tell_pages


@command("promotions:retry 42")
@click.argument("id")
@as_json
@pass_context
def retry(context: Context, id: str, as_json: bool) -> None:
    """try a promotion again that failed or was cancelled"""
    with action(f"Retrying promotion {id}"):
        promotion = context.listener.retry_promotion(id)
    if as_json:
        say_json(promotion)
        return
    show_line(promotion)
    tell_pages([promotion])
