"""`autopromote rules:backtest`."""

import click

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.options import MOST, as_json
from autopromote.output import say_json, tell
from autopromote.renaming import renamed
from autopromote.resources import Backtest
from autopromote.tables import table
from autopromote.times import when

USUAL = 30
COLUMNS = ("Release", "Kind", "Released", "Target", "Would be", "At", "Went as", "Asks", "Why")
WORDS = {"shadowed": "promoted", "errored": "not told", None: "nothing"}


@command("rules:backtest ship", "rules:backtest ship --num 100 --json")
@click.argument("name")
@click.option(
    "-n",
    "--num",
    type=click.IntRange(1, MOST),
    default=USUAL,
    metavar="N",
    help=f"how many of the source's newest releases, {USUAL} unless said",
)
@as_json
@pass_context
def backtest(context: Context, name: str, num: int, as_json: bool) -> None:
    """show what a rule would have done until now

    The source's real releases are played again before the rule as it stands. Each target begins
    with what it really ran, and then runs what the rule would have brought it. Gates that the past
    cannot answer, like approvals, count as passed and are named under Asks.
    """
    results = context.listener.backtest(name, limit=num)
    if as_json:
        say_json(results)
    elif not results:
        tell("The source has no releases yet.")
    else:
        show_backtest(results)


def show_backtest(results: list[Backtest]) -> None:
    """Print a row for each release and target."""
    table(COLUMNS, [row(result) for result in results], spare=("Kind", "Released"))


def row(result: Backtest) -> tuple[str | None, ...]:
    """Return a result as a row of the table; what was decided at once needs no time."""
    release, status, arrived = result["release"], result["status"], result.get("arrived")
    source, target = result.get("source"), result["target"]["name"]
    words = {target: "target", **({source["name"]: "source"} if source else {})}
    return (
        f"v{release['version']}",
        release.get("kind"),
        when(release.get("created_at")),
        f"⬢ {target}" if status or not result.get("was_tried", True) else None,
        WORDS.get(status, status),
        when(result.get("at")) if result.get("has_waited") else None,
        f"target v{arrived['version']}" if arrived and status else None,
        ", ".join(result.get("unanswered", [])),
        renamed(result["message"], words),
    )
