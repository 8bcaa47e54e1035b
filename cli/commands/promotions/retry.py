"""`autopromote promotions:retry`."""

import click

from cli.command import command
from cli.commands.promotions.view import show_line
from cli.context import Context, pass_context
from cli.options import as_json
from cli.output import action, say_json


@command("promotions:retry 42")
@click.argument("id")
@as_json
@pass_context
def retry(context: Context, id: str, as_json: bool) -> None:
    """try a promotion again that failed or was cancelled"""
    with action(f"Retrying promotion {id}"):
        promotion = context.listener.retry_promotion(id)
    say_json(promotion) if as_json else show_line(promotion)
