"""`autopromote rollback`: urgent, so it does not ask, but says where it goes and what undoes it."""

import click

from autopromote.calling import as_typed, typed
from autopromote.command import command
from autopromote.commands.promotions import outcome
from autopromote.context import Context, pass_context
from autopromote.options import as_json, chosen_app, follows, version
from autopromote.output import action, copy, tell
from autopromote.plain import plain_line
from autopromote.resources import PastRelease, Rollback
from autopromote.times import since

SHORT = 8  # characters of a commit
GOOD_ENDS = outcome.GOOD_ENDS | {"rolled_back"}


@command(
    'rollback --app example-app --reason "checkout is broken"',
    'rollback --app example-app --to v41 --reason "checkout is broken"',
)
@chosen_app
@click.option(
    "-t",
    "--to",
    metavar="VERSION",
    callback=version,
    help="the release to go back to, like v41; else what ran before",
)
@click.option(
    "--reason", metavar="TEXT", required=True, help="why, for those who find the app on hold"
)
@follows
@as_json
@pass_context
def rollback(
    context: Context, app: str, to: str | None, reason: str, limit: float | None, as_json: bool
) -> None:
    """take an app back to what it ran before, and hold it

    It goes to the newest other code that can still run and that no rollback left; so said twice,
    it never brings back what was broken. Whoever wants to go further says how far with --to.

    The app is put on hold at once, so that nothing is promoted to it until somebody releases the
    hold. Only the code goes back: config vars and add-ons stay as they are. A Fir app goes back
    together with its config vars, for Heroku knows no other way; the answer says so.

    It is followed to its end, and the exit code is 0 if it went back, else 1. Neither --timeout nor
    Ctrl-C ends the rollback, only the following.
    """
    with action(f"Rolling back ⬢ {app}"):
        rolled = context.listener.roll_back(app, to=to, reason=reason)
    tell_way(app, rolled)

    if limit == 0:
        outcome.show_begun([rolled], rolled, as_json=as_json)
        return
    [promotion] = outcome.wait_for(context, [rolled], limit=limit)
    outcome.show_ends([promotion], promotion, as_json=as_json)
    outcome.exit_unless_well([promotion], GOOD_ENDS)


def tell_way(app: str, rolled: Rollback) -> None:
    """Say where it goes, that the app is held, and how each of both is undone."""
    way = rolled["rollback"]
    goes = past_line(way["to"])
    tell(plain_line(f"⬢ {app} goes back to {goes}, and is on hold from now on."))
    if undo := way["undo"]:
        tell("To undo it:")
        copy(f"  {as_typed(plain_line(undo))}", err=True)
    tell("When it may be promoted to again:")
    copy(f"  {typed(f'holds:release --app {app}')}", err=True)


def past_line(release: PastRelease) -> str:
    """Return `v41 (1a5f89db by ana@example.com, ~ 2d ago)`."""
    commit, author, ago = release.get("commit"), release.get("author"), release.get("created_at")
    code = " ".join(word for word in (commit and commit[:SHORT], author and f"by {author}") if word)
    known = ", ".join(word for word in (code, since(ago)) if word)
    return f"v{release['version']} ({known})" if known else f"v{release['version']}"
