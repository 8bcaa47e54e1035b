"""`autopromote stats`."""

import re
from collections.abc import Callable, Mapping

import click

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.empty import tell_none
from autopromote.options import as_json, of_app
from autopromote.output import block, item, say_json, section, tell
from autopromote.resources import ComparedFigure, Figure, Measure, Ref, Stats
from autopromote.tables import table
from autopromote.times import span

SPANS = ("7", "30", "90")
USUAL_SPAN = "30"
TOLD = re.compile(r"(?<=too few) \(.*\)")  # of how many; the columns of groups are narrow
SECONDS, SHARE = "seconds", "share"  # units; else so many a day
COLUMNS = ("Figure", "Now", "p90", "Before", "Change")
OF_GROUPS = {
    "deployments": "A day",
    "lead_time": "Release",
    "commit_lead_time": "Commit",
    "change_failures": "Failures",
    "time_to_restore": "Restore",
}


@command(
    "stats",
    "stats --app example-app --days 7",
    "stats --rule ship --days 90 --zone Europe/London --json",
)
@of_app
@click.option("--rule", metavar="RULE", help="only what went by this rule")
@click.option(
    "--days",
    type=click.Choice(SPANS),
    default=USUAL_SPAN,
    metavar="DAYS",
    help=f"over how many days, today included: 7, 30 or 90; {USUAL_SPAN} unless said",
)
@click.option("--zone", metavar="PLACE", help="whose days, like Europe/London; UTC unless said")
@as_json
@pass_context
def stats(
    context: Context,
    app: str | None,
    rule: str | None,
    days: str,
    zone: str | None,
    as_json: bool,
) -> None:
    """show how often, fast and well releases reach production

    These are DORA's four keys over the last days, beside those of as many days before. Times are
    medians, and none where fewer than 3 deployments tell it; p90 is what nine of ten do not exceed.
    Production is each target that is not a source too, unless --app or --rule says which.
    --json has each day, and the promotions behind it.
    """
    found = context.listener.stats(app=app, rule=rule, days=days, zone=zone)
    if as_json:
        say_json(found)
        return
    show_stats(found)
    if not any(figure["now"]["count"] or figure["before"]["count"] for figure in found["figures"]):
        tell_none(context, "Nothing was promoted in this time, nor in the time before.", app)
    if found["note"]:
        tell(found["note"])


def show_stats(stats: Stats) -> None:
    """Print the figures, those of each app and rule where there are several, and what they are."""
    first, last = days_of(stats)
    block(
        f"The last {stats['days']} days",
        [
            ("Days", f"{first} to {last} ({stats['zone']})"),
            ("By others", by_others(stats["by_others"])),
            ("Not restored", not_restored(stats["not_restored"])),
        ],
    )
    click.echo()
    table(COLUMNS, [row(figure) for figure in stats["figures"]], ends_with_words=False)
    units = {figure["name"]: figure["unit"] for figure in stats["figures"]}
    for title, groups in (
        ("App", [(f"⬢ {one['app']['name']}", one["figures"]) for one in stats["apps"]]),
        ("Rule", [(rule_name(one["rule"]), one["figures"]) for one in stats["rules"]]),
    ):
        if len(groups) > 1:
            section(f"By {title.lower()}")
            rows = [(name, *in_short(figures, units)) for name, figures in groups]
            table((title, *OF_GROUPS.values()), rows, ends_with_words=False)
    section("What they are")
    for figure in stats["figures"]:
        item(f"{figure['title']}: {figure['definition']}")


def days_of(stats: Stats) -> tuple[str, str]:
    """Return the first and the last day; of a listener's that cannot be read, its words."""
    days = [each["day"] for each in stats["series"]] or [stats["since"], stats["until"]]
    return days[0], days[-1]


def by_others(count: int) -> str | None:
    """Say how often others released other code; nothing where nobody did."""
    return f"{count} {'release' if count == 1 else 'releases'} with other code" if count else None


def not_restored(count: int) -> str | None:
    """Say how many failed deployments nothing good followed; nothing where all were mended."""
    which = "deployment failed and runs" if count == 1 else "deployments failed and run"
    return f"{count} {which} still, as far as autopromote knows" if count else None


def rule_name(rule: Ref | None) -> str:
    """Return the rule's name."""
    return rule["name"] if rule is not None else "by hand"


def row(figure: Figure) -> tuple[str | None, ...]:
    """Return a figure as a row of the table."""
    now, before, unit = figure["now"], figure["before"], figure["unit"]
    p90 = span(now["p90"]) if now["p90"] is not None else None
    return (figure["title"], shown(now, unit), p90, shown(before, unit), change(now, before, unit))


def shown(measure: Measure, unit: str) -> str:
    """Return what a figure comes to, and of how many it tells where that is no time."""
    value, count, of = measure["value"], measure["count"], measure["of"]
    if unit == SECONDS:
        return span(value) if value is not None else few(count)
    if unit == SHARE:
        counted = f"{count} of {of}"
        return f"{value:.0%} ({counted})" if value is not None else few(of or 0, counted)
    return f"{value or 0.0:.1f} ({count})"


def few(count: int, words: str | None = None) -> str:
    """Return why there is no value."""
    return f"too few ({words or count})" if count else "none"


def change(now: Measure, before: Measure, unit: str) -> str | None:
    """Return how much more or less it is than before; nothing where either has no value."""
    if now["value"] is None or before["value"] is None:
        return None
    more, words = now["value"] - before["value"], WORDS.get(unit, a_day)
    if words(abs(more)) == words(0.0):
        return "the same"
    return f"{words(abs(more))} {'more' if more > 0 else 'less'}"


def points(share: float) -> str:
    """Return a difference of two shares."""
    count = round(share * 100)
    return f"{count} {'point' if count == 1 else 'points'}"


def a_day(count: float) -> str:
    """Return how many a day."""
    return f"{count:.1f}"


WORDS: Mapping[str, Callable[[float], str]] = {SECONDS: span, SHARE: points}


def in_short(figures: list[ComparedFigure], units: Mapping[str, str]) -> list[str | None]:
    """Return the figures of an app or a rule as they are now, in the order of the columns."""
    found = {one["name"]: shown(one["now"], units.get(one["name"], "")) for one in figures}
    return [TOLD.sub("", found.get(name, "")) for name in OF_GROUPS]
