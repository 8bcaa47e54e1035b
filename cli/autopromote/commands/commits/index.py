"""`autopromote commits`."""

import click

from autopromote.command import command
from autopromote.commands.commits.view import row
from autopromote.context import Context, pass_context
from autopromote.empty import tell_none
from autopromote.options import as_json, num, of_app, warn_if_cut
from autopromote.output import say_json
from autopromote.tables import table

COLUMNS = ("Commit", "App", "By", "Blocked", "Reason")


@command("commits", "commits --app example-app --unblocked")
@of_app
@click.option("--unblocked", is_flag=True, help="also those that were unblocked")
@num
@as_json
@pass_context
def index(
    context: Context, app: str | None, unblocked: bool, num: int | None, as_json: bool
) -> None:
    """list the commits that are blocked from being promoted"""
    blocks = context.listener.commit_blocks(app=app, with_unblocked=unblocked, limit=num)
    if as_json:
        say_json(blocks)
    elif not blocks:
        none = "No commit is blocked.\nUse `autopromote commits:block` to block one."
        tell_none(context, none, app)
    else:
        columns = (*COLUMNS[:-1], "Unblocked", COLUMNS[-1]) if unblocked else COLUMNS
        rows = [row(block, with_unblocked=unblocked) for block in blocks]
        table(columns, rows, spare=("Blocked",))
    warn_if_cut(blocks, num, "blocked commits")
