"""`autopromote rules:check`."""

from collections.abc import Sized

from autopromote import rulesfile
from autopromote.command import command
from autopromote.commands.rules.view import warn_of
from autopromote.context import Context, pass_context
from autopromote.options import as_json, rules_file
from autopromote.output import say, say_json


@command("rules:check --file autopromote.toml")
@rules_file
@as_json
@pass_context
def check(context: Context, path: str, as_json: bool) -> None:
    """check a file of rules and freezes, and apply nothing

    Everything that is wrong with it is told at once. Whether it is TOML at all needs no login; what
    it means, and whether Heroku knows their apps, the listener tells.
    """
    file = rulesfile.read(path)
    plan = context.listener.plan_rules(file.body(prune=False))
    if as_json:
        say_json(plan)
    else:
        warn_of(plan.get("warnings", []))
        frozen = f", {counted(file.freezes, 'freeze')}" if file.freezes else ""
        say(f"{path} is right: {counted(file.rules, 'rule')}{frozen}.")


def counted(things: Sized, word: str) -> str:
    """Return how many there are: `1 rule`, `2 rules`."""
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"
