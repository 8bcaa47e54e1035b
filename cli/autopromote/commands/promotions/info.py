"""`autopromote promotions:info`."""

import click

from autopromote.command import command
from autopromote.commands.promotions.view import show_promotion
from autopromote.context import Context, pass_context
from autopromote.options import as_json
from autopromote.output import say_json
from autopromote.pages import tell_pages


@command("promotions:info 42")
@click.argument("id")
@as_json
@pass_context
def info(context: Context, id: str, as_json: bool) -> None:
    """show a promotion, its gates and what happened"""
    promotion = context.listener.promotion(id)
    if as_json:
        say_json(promotion)
        return
    show_promotion(promotion)
    tell_pages([promotion])
