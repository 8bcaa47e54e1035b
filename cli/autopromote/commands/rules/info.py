"""`autopromote rules:info`."""

import click

from autopromote.command import command
from autopromote.commands.rules.view import show_rule, warn_of
from autopromote.context import Context, pass_context
from autopromote.options import as_json
from autopromote.output import say_json


@command("rules:info ship")
@click.argument("name")
@as_json
@pass_context
def info(context: Context, name: str, as_json: bool) -> None:
    """show a rule, and from which release on it acts"""
    rule = context.listener.rule(name)
    say_json(rule) if as_json else show_rule(rule)
    warn_of(rule.get("warnings", []))
