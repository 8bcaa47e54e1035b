"""`autopromote promote`."""

import click

from autopromote.command import command
from autopromote.commands.promotions import outcome
from autopromote.context import Context, pass_context
from autopromote.options import as_json, chosen_app, chosen_release, each_of, follows, targets
from autopromote.output import action


@command(
    "promote --app example-app-staging --to example-app",
    "promote --app example-app-staging --to example-app,example-app-eu --release v42",
    "promote --app example-app-staging --to example-app --timeout 10m",
    'promote --app example-app-staging --to example-app --override soak --reason "it leaks money"',
)
@chosen_app
@targets(required=True)
@chosen_release
@click.option(
    "--override",
    metavar="GATE[,GATE]",
    multiple=True,
    help="gates not to be asked this once, like soak,window,hold; for admins",
)
@click.option("--reason", metavar="TEXT", help="why they are not to be asked")
@follows
@as_json
@pass_context
def promote(
    context: Context,
    app: str,
    targets: tuple[str, ...],
    release: str | None,
    override: tuple[str, ...],
    reason: str | None,
    limit: float | None,
    as_json: bool,
) -> None:
    """promote a release by hand, behind the same gates

    It is followed to its end, and the exit code is 0 if all succeeded or were skipped, else 1. An
    app on hold, or one that cannot run the release, is refused at once; whatever else is missing,
    such as a soak, an open window or an approval, is waited for and told once a minute. Neither
    --timeout nor Ctrl-C ends the promotion, only the following.

    What a rule asks of releases to these apps is asked here too. --override sets some of it
    aside, which is written down and shown; that the release is sound and newer is always asked.
    --override hold goes through the holds and freezes that people put and that are in force now,
    never one of a rollback or of what somebody else did there, and none that is put later.
    """
    to, aside = each_of(targets), each_of(override)
    wished = {"release": release, "override": aside or None, "reason": reason}
    said = {name: value for name, value in wished.items() if value is not None}
    what = f"⬢ {app} {release}" if release else f"⬢ {app}"
    with action(f"Promoting {what} to {', '.join(f'⬢ {name}' for name in to)}"):
        promotions = context.listener.promote({"source": app, "targets": to, **said})

    if limit == 0:
        outcome.show_begun(promotions, promotions, as_json=as_json)
        return
    promotions = outcome.wait_for(context, promotions, limit=limit)
    outcome.show_ends(promotions, promotions, as_json=as_json)
    outcome.exit_unless_well(promotions)
