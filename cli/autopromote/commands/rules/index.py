"""`autopromote rules`."""

from autopromote.command import command
from autopromote.commands.rules.view import conditions_line
from autopromote.context import Context, pass_context
from autopromote.empty import tell_none
from autopromote.options import as_json, num, of_app, warn_if_cut
from autopromote.output import say_json
from autopromote.tables import table


@command("rules", "rules --app example-app-staging --json")
@of_app
@num
@as_json
@pass_context
def index(context: Context, app: str | None, num: int | None, as_json: bool) -> None:
    """list the rules by which releases are promoted"""
    rules = context.listener.rules(app=app, limit=num)
    if as_json:
        say_json(rules)
    elif not rules:
        tell_none(context, "There are no rules.\nUse `autopromote rules:add` to add one.", app)
    else:
        table(
            ("Name", "Mode", "Source", "Targets", "Conditions"),
            [
                (
                    rule["name"],
                    rule["mode"],
                    f"⬢ {rule['source']['name']}",
                    ", ".join(f"⬢ {target['name']}" for target in rule["targets"]),
                    conditions_line(rule),
                )
                for rule in rules
            ],
        )
    warn_if_cut(rules, num, "rules")
