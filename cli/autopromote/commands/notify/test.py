"""`autopromote notify:test`."""

import click

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.errors import Failure
from autopromote.options import as_json
from autopromote.output import say_json, tell
from autopromote.tables import table

COLUMNS = ("Service", "Told", "Why")


@command("notify:test --rule ship", "notify:test slack://TOKENS")
@click.argument("url", required=False)
@click.option("--rule", metavar="RULE", help="the services of this rule")
@as_json
@pass_context
def test(context: Context, url: str | None, rule: str | None, as_json: bool) -> None:
    """tell somebody something, to see whether notices arrive

    The one service of a URL, as --notify takes it, those of a rule, or else those of the
    listener's AUTOPROMOTE_NOTIFY. It fails where one of them did not take it.
    """
    tried = context.listener.test_notices(url=url, rule=rule)
    if as_json:
        say_json(tried)
    elif not tried:
        tell("Nobody is told.\nUse `autopromote rules:update NAME --notify URL` to tell somebody.")
    else:
        table(
            COLUMNS, [(it["service"], "yes" if it["told"] else "no", it["message"]) for it in tried]
        )
    if silent := sum(not it["told"] for it in tried):
        raise Failure(f"{silent} of {len(tried)} did not take it.")
