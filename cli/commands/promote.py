"""`autopromote promote`."""

import click

from cli.command import command
from cli.commands.promotions import outcome
from cli.context import Context, pass_context
from cli.options import as_json, chosen_app, each_of, targets, version, wait
from cli.output import action


@command(
    "promote --app example-app-staging --to example-app --wait",
    "promote --app example-app-staging --to example-app,example-app-eu --release v42",
)
@chosen_app
@targets(required=True)
@click.option(
    "--release",
    metavar="VERSION",
    callback=version,
    help="the release, like v42; else the app's current one",
)
@wait
@as_json
@pass_context
def promote(
    context: Context,
    app: str,
    targets: tuple[str, ...],
    release: str | None,
    wait: bool,
    as_json: bool,
) -> None:
    """promote a release by hand, behind the same gates

    Where only a person could unblock it, such as an app on hold, it is refused at once. With
    --wait the exit code is 0 if all succeeded or were skipped, else 1.
    """
    to = each_of(targets)
    what = f"⬢ {app} {release}" if release else f"⬢ {app}"
    with action(f"Promoting {what} to {', '.join(f'⬢ {name}' for name in to)}"):
        promotions = context.listener.promote(app, to, release)

    if not wait:
        outcome.show_begun(promotions, promotions, as_json=as_json)
        return
    promotions = outcome.wait_for(context, promotions)
    outcome.show_ends(promotions, promotions, as_json=as_json)
    outcome.exit_unless_well(promotions)
