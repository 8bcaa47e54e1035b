"""`autopromote rules:check`."""

from cli import rulesfile
from cli.command import command
from cli.commands.rules.view import warn_of
from cli.context import Context, pass_context
from cli.options import as_json, rules_file
from cli.output import say, say_json


@command("rules:check --file autopromote.toml")
@rules_file
@as_json
@pass_context
def check(context: Context, path: str, as_json: bool) -> None:
    """check a file of rules, and apply nothing

    Everything that is wrong with it is told at once. Whether it is TOML at all needs no login; what
    the rules mean, and whether Heroku knows their apps, the listener tells.
    """
    rules = rulesfile.read(path)
    plan = context.listener.plan_rules(rules, prune=False)
    if as_json:
        say_json(plan)
    else:
        warn_of(plan.get("warnings", []))
        say(f"{path} is right: {len(rules)} {'rule' if len(rules) == 1 else 'rules'}.")
