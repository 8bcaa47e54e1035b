"""`autopromote commits:block`."""

import click

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.options import as_json
from autopromote.output import action, say, say_json, warn
from autopromote.plain import plain_line


@command(
    'commits:block 3f2a91c --reason "it loses orders"',
    'commits:block 3f2a91c --app example-app --reason "it loses orders"',
)
@click.argument("sha")
@click.option("--reason", metavar="TEXT", required=True, help="why, for those whom it stops")
@click.option("-a", "--app", metavar="APP", help="only from and to this app; else everywhere")
@as_json
@pass_context
def block(context: Context, sha: str, reason: str, app: str | None, as_json: bool) -> None:
    """keep a commit, and all that holds it, from being promoted

    Neither a rule nor a person promotes it until commits:unblock; a rollback is not stopped. Its
    first 7 characters do, if the listener knows only one commit that begins so.
    """
    with action(f"Blocking {sha} on {f'⬢ {app}' if app else 'every app'}"):
        made = context.listener.block_commit({"commit": sha, "reason": reason, "app": app})
    if made["too_late_for"]:
        warn(made["message"])
    if as_json:
        say_json(made)
    elif not made["too_late_for"]:
        say(plain_line(f"{made['message']} That is {made['commit']}."))
