"""`autopromote holds`."""

import click

from autopromote.command import command
from autopromote.commands.holds.view import row
from autopromote.context import Context, pass_context
from autopromote.empty import tell_none
from autopromote.options import as_json, num, of_app, warn_if_cut
from autopromote.output import say_json
from autopromote.tables import table

COLUMNS = ("ID", "App", "Kind", "By", "Created", "From", "Until", "Reason")


@command("holds", "holds --app example-app --released")
@of_app
@click.option("--released", is_flag=True, help="also those that were released")
@num
@as_json
@pass_context
def index(
    context: Context, app: str | None, released: bool, num: int | None, as_json: bool
) -> None:
    """list the holds that keep apps from being promoted to"""
    holds = context.listener.holds(app=app, with_released=released, limit=num)
    if as_json:
        say_json(holds)
    elif not holds:
        tell_none(context, "There are no holds.\nUse `autopromote holds:add` to add one.", app)
    else:
        columns = (*COLUMNS[:-1], "Released", COLUMNS[-1]) if released else COLUMNS
        rows = [row(hold, with_released=released) for hold in holds]
        table(columns, rows, spare=("Kind", "Created", "From"))
    warn_if_cut(holds, num, "holds")
