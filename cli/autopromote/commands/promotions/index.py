"""`autopromote promotions`."""

import click

from autopromote.command import command
from autopromote.commands.promotions.live_view import watch
from autopromote.commands.promotions.trouble_view import tell_troubles
from autopromote.commands.promotions.view import show_promotions
from autopromote.context import Context, pass_context
from autopromote.empty import tell_none
from autopromote.options import as_json, num, of_app, warn_if_cut
from autopromote.output import say_json, tell


@command(
    "promotions",
    "promotions --app example-app --status waiting",
    "promotions --num 10 --json",
    "promotions --app example-app --watch",
)
@of_app
@click.option("-s", "--status", metavar="STATUS", help="only those with this status")
@num
@click.option("-w", "--watch", "is_watched", is_flag=True, help="go on showing them, until Ctrl-C")
@as_json
@pass_context
def index(
    context: Context,
    app: str | None,
    status: str | None,
    num: int | None,
    is_watched: bool,
    as_json: bool,
) -> None:
    """list promotions, newest first

    With --watch the list is drawn again every two seconds. Where standard output is no terminal,
    each promotion is a line instead, oldest first, and a line more whenever it changes; with --json
    a line of JSON.
    """
    listener = context.listener
    if is_watched:
        watch(lambda: listener.promotions(app=app, status=status, limit=num), as_json=as_json)
        return
    promotions = listener.promotions(app=app, status=status, limit=num)
    if as_json:
        say_json(promotions)
    elif not promotions:
        which = "There are no such promotions." if app or status else "There are no promotions."
        tell_none(context, which, app)
        tell("Use `autopromote rules:add` to have them made, or `promote` to make one.")
    else:
        show_promotions(promotions)
    warn_if_cut(promotions, num, "promotions")
    tell_troubles(lambda: context.listener.troubles(app))
