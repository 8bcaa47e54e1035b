"""`autopromote notify:secrets`."""

import click

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.options import as_json
from autopromote.output import say_json, tell
from autopromote.tables import table


@command("notify:secrets --rule ship")
@click.option("--rule", metavar="RULE", help="the receivers of this rule")
@as_json
@pass_context
def secrets(context: Context, rule: str | None, as_json: bool) -> None:
    """show the secrets by which receivers verify events

    Those of the receivers of a rule's --events-to, or else of the listener's
    AUTOPROMOTE_EVENTS_TO. While SECRET_KEY is renewed there are two, the new one first.
    """
    found = context.listener.event_secrets(rule=rule)
    if as_json:
        say_json(found)
    elif not found:
        tell("No events are sent.\nUse `autopromote rules:update NAME --events-to URL`.")
    else:
        rows = [(it["service"], secret) for it in found for secret in it["secrets"] or ["sealed"]]
        table(("Receiver", "Secret"), rows)
