"""`autopromote promotions:reject`."""

import click

from autopromote.command import command
from autopromote.commands.promotions.view import show_line
from autopromote.context import Context, pass_context
from autopromote.options import as_json
from autopromote.output import action, say_json
from autopromote.pages import tell_pages


@command("promotions:reject 42", 'promotions:reject 42 --reason "wait for the fix of the cart"')
@click.argument("id")
@click.option("--reason", metavar="TEXT", help="why, for those who wait for it")
@as_json
@pass_context
def reject(context: Context, id: str, reason: str | None, as_json: bool) -> None:
    """reject a promotion that waits to be approved

    One no ends it. Tried again by promotions:retry, it asks everybody anew.
    """
    with action(f"Rejecting promotion {id}"):
        promotion = context.listener.reject_promotion(id, reason)
    if as_json:
        say_json(promotion)
        return
    show_line(promotion)
    tell_pages([promotion])
