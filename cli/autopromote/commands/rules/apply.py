"""`autopromote rules:apply`."""

from collections.abc import Iterable
from typing import Any

import click

from autopromote import rulesfile
from autopromote.command import command
from autopromote.commands.rules.plan_view import ended, removed, show_plan
from autopromote.confirm import confirm
from autopromote.context import Context, pass_context
from autopromote.options import as_json, confirmation, dry_run, reason, rules_file
from autopromote.output import action, say_json


@command(
    "rules:apply --file autopromote.toml --dry-run",
    "rules:apply --file autopromote.toml --prune --confirm old,older",
)
@rules_file
@dry_run
@click.option(
    "--prune", is_flag=True, help="remove the rules and end the freezes that the file does not name"
)
@reason
@confirmation("NAME[,NAME]")
@as_json
@pass_context
def apply(
    context: Context,
    path: str,
    dry_run: bool,
    prune: bool,
    reason: str | None,
    confirmed: str | None,
    as_json: bool,
) -> None:
    """make rules and freezes what a file says: all, or nothing

    What the file does not say of a rule has its default, whatever it was. New and changed rules
    begin as by rules:add and rules:update, and what waits under them is decided anew. A freeze is
    a hold of the file's: one with other words is another one. --prune removes rules and ends
    freezes of files, so it asks; --confirm names those that it may.
    """
    file = rulesfile.read(path).body(prune=prune)
    if dry_run:
        plan = context.listener.plan_rules(file)
        say_json(plan) if as_json else show_plan(plan)
        return

    agreed = agree(context, file, confirmed) if prune else None
    said = file if reason is None else {**file, "reason": reason}
    with action(f"Applying {path}"):
        plan = context.listener.apply_rules(said, plan=agreed)
    say_json(plan) if as_json else show_plan(plan)


def agree(context: Context, file: dict[str, Any], confirmed: str | None) -> str:
    """Return the id of a plan of which it was confirmed what goes; no other is carried out."""
    plan = context.listener.plan_rules(file)
    rules, freezes = removed(plan), ended(plan)
    if names := ",".join([*rules, *freezes]):
        confirm(context, names, confirmed, warning=" ".join(warnings(rules, freezes)))
    return plan["plan"]


def warnings(rules: list[str], freezes: list[str]) -> Iterable[str]:
    """Yield what happens with rules that go, and with freezes that end."""
    if rules:
        names = ",".join(rules)
        yield f"This removes {names} and cancels the promotions that wait under what is removed."
    if freezes:
        yield f"This ends {','.join(freezes)}, and what waited for that may go."
