"""`autopromote rules:apply`."""

from typing import Any

import click

from cli import rulesfile
from cli.command import command
from cli.commands.rules.plan_view import removed, show_plan
from cli.confirm import confirm
from cli.context import Context, pass_context
from cli.options import as_json, confirmation, dry_run, rules_file
from cli.output import action, say_json


@command(
    "rules:apply --file autopromote.toml --dry-run",
    "rules:apply --file autopromote.toml --prune --confirm old,older",
)
@rules_file
@dry_run
@click.option("--prune", is_flag=True, help="remove the rules that the file does not name")
@confirmation("NAME[,NAME]")
@as_json
@pass_context
def apply(
    context: Context, path: str, dry_run: bool, prune: bool, confirmed: str | None, as_json: bool
) -> None:
    """make the rules what a file says: all of them, or none

    What the file does not say of a rule has its default, whatever it was. New and changed rules
    begin as by rules:add and rules:update, and what waits under them is decided anew. --prune
    removes rules, so it asks; --confirm names those that it may remove.
    """
    rules = rulesfile.read(path)
    if dry_run:
        plan = context.listener.plan_rules(rules, prune=prune)
        say_json(plan) if as_json else show_plan(plan)
        return

    agreed = agree(context, rules, confirmed) if prune else None
    with action(f"Applying {path}"):
        plan = context.listener.apply_rules(rules, prune=prune, plan=agreed)
    say_json(plan) if as_json else show_plan(plan)


def agree(context: Context, rules: list[dict[str, Any]], confirmed: str | None) -> str:
    """Return the id of a plan whose removals were confirmed; another one is not carried out."""
    plan = context.listener.plan_rules(rules, prune=True)
    if names := ",".join(removed(plan)):
        warning = (
            f"This removes {names} and cancels the promotions that wait under what is removed."
        )
        confirm(context, names, confirmed, warning=warning)
    return plan["plan"]
