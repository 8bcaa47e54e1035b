"""`autopromote holds`."""

import click

from cli.command import command
from cli.context import Context, pass_context
from cli.options import as_json, num, of_app, warn_if_cut
from cli.output import say_json, tell
from cli.resources import Hold
from cli.tables import table
from cli.times import when

COLUMNS = ("App", "Kind", "By", "Created", "From", "Until", "Reason")


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
        tell("There are no holds.\nUse `autopromote holds:add` to add one.")
    else:
        columns = (*COLUMNS[:-1], "Released", COLUMNS[-1]) if released else COLUMNS
        rows = [row(hold, with_released=released) for hold in holds]
        table(columns, rows, spare=("Kind", "Created", "From"))
    warn_if_cut(holds, num, "holds")


def row(hold: Hold, *, with_released: bool) -> list[str | None]:
    """Return a hold as a row of the table."""
    cells = [
        f"⬢ {hold['app']['name']}" if hold["app"] else "every target",
        hold.get("kind"),
        hold["by"],
        when(hold["created_at"]),
        when(hold["from"]),
        when(hold["until"]),
    ]
    return [*cells, *([when(hold.get("released_at"))] if with_released else []), hold["reason"]]
