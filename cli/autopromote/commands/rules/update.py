"""`autopromote rules:update`."""

from typing import Any

import click

from autopromote.command import command
from autopromote.commands.rules.trial_view import NEWEST, show_trial
from autopromote.commands.rules.view import show_saved, warn_of
from autopromote.conditions import conditions, said
from autopromote.context import Context, pass_context
from autopromote.errors import Misuse
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
from autopromote.webhooks import ensure_webhook


@command(
    'rules:update ship --mode armed --reason "two weeks in shadow, no surprise"',
    "rules:update ship --to example-app,example-app-eu",
    "rules:update ship --soak 1h --window none",
    "rules:update ship --soak 2h --dry-run",
)
@click.argument("name")
@click.option("--name", "new_name", metavar="NAME", help="call the rule something else")
@targets(required=False)
@mode
@strategy
@on_newer
@conditions
@reason
@with_webhook
@dry_run
@as_json
@pass_context
def update(
    context: Context,
    /,
    name: str,
    new_name: str | None,
    targets: tuple[str, ...],
    with_webhook: bool,
    dry_run: bool,
    as_json: bool,
    **choices: Any,
) -> None:
    """change a rule

    What is not said stays as it is; the apps of --to take the place of all targets. A target that
    is added, and every target when the rule is armed, waits for releases newer than today's. A
    condition is taken away by the word none, like --soak none. Fir apps go by strategy pipeline
    whatever is said.

    With --dry-run nothing is saved: the changed rule and the rule as it stands are both tried over
    the source's newest releases, and every release that would have fared otherwise is shown.
    """
    changes = said({"name": new_name, "targets": tuple(each_of(targets)), **choices})
    if not changes.keys() - {"reason"} and not with_webhook:
        raise Misuse("Nothing to change. Say what: see --help for what there is.")

    if dry_run:
        trial = context.listener.try_update(name, changes, limit=NEWEST)
        say_json(trial) if as_json else show_trial(trial)
        return

    if with_webhook:  # first, so that the rule that is shown, and its warnings, know of it
        ensure_webhook(context, context.listener.rule(name)["source"]["name"])
    with action(f"Updating rule {name}"):
        rule = context.listener.update_rule(name, changes)
    say_json(rule) if as_json else show_saved(rule)
    warn_of(rule.get("warnings", []))
