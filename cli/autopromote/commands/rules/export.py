"""`autopromote rules:export`."""

import click

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.freezefile import standing
from autopromote.options import MOST, as_json
from autopromote.output import say_json, tell
from autopromote.rulesfile import as_toml, said_of


@command("rules:export", "rules:export ship europe --json")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@as_json
@pass_context
def export(context: Context, names: tuple[str, ...], as_json: bool) -> None:
    """print rules and freezes as a file that rules:apply takes

    Without names, every rule, and the freezes of files that are not over. Keep
    the file under version control, change it there, and apply it.
    """
    listener = context.listener
    found = (
        [listener.rule(name) for name in dict.fromkeys(names)]
        if names
        else listener.rules(app=None, limit=MOST)
    )
    rules = {rule["name"]: said_of(rule) for rule in sorted(found, key=lambda rule: rule["name"])}
    freezes = [] if names else standing(listener.holds(app=None, with_released=False, limit=MOST))
    if as_json:
        say_json({"rules": rules, "freezes": freezes})
    elif not rules and not freezes:
        tell("There are no rules.\nUse `autopromote rules:add` to add one.")
    else:
        click.echo(as_toml(rules, freezes))
