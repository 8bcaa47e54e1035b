"""`autopromote rules:add`."""

from typing import Any

import click

from autopromote.command import command
from autopromote.commands.rules.trial_view import NEWEST, show_trial
from autopromote.commands.rules.view import show_saved, warn_of
from autopromote.conditions import conditions, said
from autopromote.context import Context, pass_context
from autopromote.options import (
    as_json,
    dry_run,
    each_of,
    mode,
    on_newer,
    reason,
    strategy,
    targets,
    with_webhook,
)
from autopromote.output import action, say_json
from autopromote.webhooks import ensure_webhook_of


@command(
    "rules:add ship --from example-app-staging --to example-app",
    "rules:add ship --from example-app-staging --to example-app,example-app-eu --mode shadow",
    "rules:add ship --from example-app-staging --to example-app --soak 1h --with-webhook",
    "rules:add ship --from example-app-staging --to example-app --strategy pipeline",
)
@click.argument("name")
@click.option("-f", "--from", "source", metavar="APP", required=True, help="app to promote from")
@targets(required=True)
@mode
@strategy
@on_newer
@conditions
@reason
@with_webhook
@dry_run
@as_json
@pass_context
def add(
    context: Context,
    /,
    name: str,
    source: str,
    targets: tuple[str, ...],
    with_webhook: bool,
    dry_run: bool,
    as_json: bool,
    **choices: Any,
) -> None:
    """add a rule to promote releases of one app to others

    The rule acts on releases newer than those that are there when it is added, by itself from the
    next deploy on: mode armed, unless said. In shadow mode it decides and records, and promotes
    nothing. Without a webhook on its source, deploys are found late: --with-webhook makes one.

    Strategy slug releases the very slug on each target; pipeline asks for Heroku's own promotion,
    for apps in one pipeline, and is what Fir apps get whatever is said. Container apps cannot be
    promoted. Times have units: s, m, h or d.

    With --dry-run nothing is saved, and what the rule would have done with the source's newest
    releases is shown.
    """
    wish = {"name": name, "source": source, "targets": each_of(targets), **said(choices)}
    if dry_run:
        trial = context.listener.try_rule(wish, limit=NEWEST)
        say_json(trial) if as_json else show_trial(trial)
        return

    with action(f"Adding rule {name}"):
        rule = context.listener.create_rule(wish)
    if with_webhook:
        rule = ensure_webhook_of(context, rule)

    say_json(rule) if as_json else show_saved(rule)
    warn_of(rule.get("warnings", []))
