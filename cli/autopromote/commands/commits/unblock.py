"""`autopromote commits:unblock`."""

import click

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.options import as_json
from autopromote.output import action, say_json


@command("commits:unblock 3f2a91c", "commits:unblock 3f2a91c --app example-app")
@click.argument("sha")
@click.option("-a", "--app", metavar="APP", help="the app it is blocked on; else every app")
@as_json
@pass_context
def unblock(context: Context, sha: str, app: str | None, as_json: bool) -> None:
    """let a blocked commit be promoted again

    What waited for that is decided anew.
    """
    with action(f"Unblocking {sha} on {f'⬢ {app}' if app else 'every app'}"):
        ended = context.listener.unblock_commit({"commit": sha, "app": app})
    if as_json:
        say_json(ended)
