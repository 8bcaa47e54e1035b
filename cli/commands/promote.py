"""`autopromote promote`."""

import click

from cli.command import command
from cli.commands.promotions import outcome
from cli.context import Context, pass_context
from cli.options import as_json, chosen_app, chosen_release, each_of, targets, wait
from cli.output import action


@command(
    "promote --app example-app-staging --to example-app --wait",
    "promote --app example-app-staging --to example-app,example-app-eu --release v42",
    'promote --app example-app-staging --to example-app --override soak --reason "it leaks money"',
)
@chosen_app
@targets(required=True)
@chosen_release
@click.option(
    "--override",
    metavar="GATE[,GATE]",
    multiple=True,
    help="gates of the rule not to be asked this once, like soak,window; for admins",
)
@click.option("--reason", metavar="TEXT", help="why they are not to be asked")
@wait
@as_json
@pass_context
def promote(
    context: Context,
    app: str,
    targets: tuple[str, ...],
    release: str | None,
    override: tuple[str, ...],
    reason: str | None,
    wait: bool,
    as_json: bool,
) -> None:
    """promote a release by hand, behind the same gates

    Where only a person could unblock it, such as an app on hold, it is refused at once. With
    --wait the exit code is 0 if all succeeded or were skipped, else 1.

    What a rule asks of releases to these apps is asked here too. --override sets some of it
    aside, which is written down and shown; that the release is sound, newer and not on hold is
    always asked.
    """
    to, aside = each_of(targets), each_of(override)
    wished = {"release": release, "override": aside or None, "reason": reason}
    said = {name: value for name, value in wished.items() if value is not None}
    what = f"⬢ {app} {release}" if release else f"⬢ {app}"
    with action(f"Promoting {what} to {', '.join(f'⬢ {name}' for name in to)}"):
        promotions = context.listener.promote({"source": app, "targets": to, **said})

    if not wait:
        outcome.show_begun(promotions, promotions, as_json=as_json)
        return
    promotions = outcome.wait_for(context, promotions)
    outcome.show_ends(promotions, promotions, as_json=as_json)
    outcome.exit_unless_well(promotions)
