"""`autopromote promotions:info`."""

import click

from cli.command import command
from cli.commands.promotions.view import show_promotion
from cli.context import Context, pass_context
from cli.options import as_json
from cli.output import say_json


@command("promotions:info 42")
@click.argument("id")
@as_json
@pass_context
def info(context: Context, id: str, as_json: bool) -> None:
    """show a promotion, its gates and what happened"""
    promotion = context.listener.promotion(id)
    say_json(promotion) if as_json else show_promotion(promotion)
