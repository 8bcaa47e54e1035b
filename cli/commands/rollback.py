"""`autopromote rollback`: urgent, so it does not ask, but says what will happen."""

import click

from cli.command import command
from cli.commands.promotions import outcome
from cli.context import Context, pass_context
from cli.options import as_json, chosen_app, version, wait
from cli.output import action, tell

GOOD_ENDS = outcome.GOOD_ENDS | {"rolled_back"}


@command(
    'rollback --app example-app --reason "checkout is broken"',
    'rollback --app example-app --to v41 --reason "checkout is broken" --wait',
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
@wait
@as_json
@pass_context
def rollback(
    context: Context, app: str, to: str | None, reason: str, wait: bool, as_json: bool
) -> None:
    """take an app back to what it ran before, and hold it

    The app is put on hold at once, so that nothing is promoted to it until somebody releases the
    hold. Only the code goes back: config vars and add-ons stay as they are. A Fir app goes back
    together with its config vars, for Heroku knows no other way; the answer says so.
    """
    tell(f"⬢ {app} goes back to {to or 'what it ran before'}, and is on hold from now on.")
    tell(f"Use `autopromote holds:release --app {app}` when it may be promoted to again.")
    with action(f"Rolling back ⬢ {app}"):
        promotion = context.listener.roll_back(app, to=to, reason=reason)

    if not wait:
        outcome.show_begun([promotion], promotion, as_json=as_json)
        return
    [promotion] = outcome.wait_for(context, [promotion])
    outcome.show_ends([promotion], promotion, as_json=as_json)
    outcome.exit_unless_well([promotion], GOOD_ENDS)
