"""`autopromote rules:calendar`."""

import sys
from datetime import date, datetime

import click

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.options import as_json
from autopromote.output import fold, header, item, say, say_json, spoken_line
from autopromote.plain import plain_line
from autopromote.resources import Calendar, CalendarDay, CalendarHold, TargetsCalendar
from autopromote.times import when

HOUR = 3600.0
OPEN, PARTLY, STOPPED, NOTHING = "█", "▄", "─", "·"
HOURS = "0     6     12    18    24"  # of a day, each a character
DAY_WIDTH, BESIDE = 12, 40  # where the bar begins, and the words beside it
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@command("rules:calendar ship", "rules:calendar ship --json")
@click.argument("name")
@as_json
@pass_context
def calendar(context: Context, name: str, as_json: bool) -> None:
    """show when a rule's promotions may go, for two weeks

    Each day is a line by the clocks of the rule's first window or closed time, and each hour a
    character: open, open for a part, or stopped by a closed time, a freeze or a hold. Where targets
    have holds of their own, each has its calendar. What else the rule asks for is not looked at.
    """
    found = context.listener.calendar(name)
    if as_json:
        say_json(found)
        return
    for number, each in enumerate(found["calendars"]):
        if number:
            click.echo()
        show(found, each)


def show(found: Calendar, each: TargetsCalendar) -> None:
    """Print one calendar: what is next, a line a day, and its holds."""
    header(", ".join(f"⬢ {app['name']}" for app in each["targets"]))
    is_off = "The rule is off: nothing goes. If it were not: " if found["mode"] == "off" else ""
    say(is_off + each["message"])
    click.echo()
    click.echo(f"{'Day':<{DAY_WIDTH}}{HOURS}  {plain_line(found['zone'])}")
    for day in each["days"]:
        first, *more = fold(spoken_line(words(day)), sys.stdout, taken=BESIDE)
        click.echo(f"{label(day):<{DAY_WIDTH}}{bar(day):<{BESIDE - DAY_WIDTH}}{first}")
        for line in more:
            click.echo(f"{' ' * BESIDE}{line}")
    click.echo()
    click.echo(f"{OPEN} open  {PARTLY} for a part  {STOPPED} closed, freeze or hold")
    for hold in each["holds"]:
        item(hold_line(hold))


def label(day: CalendarDay) -> str:
    """Return `Mon 30 Nov`, in English whatever the machine's language."""
    on = date.fromisoformat(day["date"])
    return f"{DAYS[on.weekday()]} {on.day} {MONTHS[on.month - 1]}"


def bar(day: CalendarDay) -> str:
    """Return a character for each hour: 23, 24 or 25."""
    begin, end = datetime.fromisoformat(day["from"]), datetime.fromisoformat(day["until"])

    def at(text: str) -> float:
        return (datetime.fromisoformat(text) - begin).total_seconds() / HOUR

    opened = [(at(each["from"]), at(each["until"])) for each in day["open"]]
    stopped = [(at(each["from"]), at(each["until"])) for each in day["stops"]]
    count = round((end - begin).total_seconds() / HOUR + 0.49)  # half an hour is one, too
    return "".join(sign(hour, opened, stopped) for hour in range(count))


Times = list[tuple[float, float]]


def sign(hour: int, opened: Times, stopped: Times) -> str:
    """Return the character of an hour."""
    share = covered(hour, opened)
    if share:
        return OPEN if share == 1 else PARTLY
    return STOPPED if covered(hour, stopped) else NOTHING


def covered(hour: int, times: Times) -> float:
    """Return which share of an hour is in these times."""
    return sum(max(min(end, hour + 1) - max(begin, hour), 0) for begin, end in times)


def words(day: CalendarDay) -> str:
    """Return the hours, and what keeps promotions from going."""
    said = ", ".join(day["hours"])
    return "; ".join(filter(None, [said, *day["notes"]])) or "closed"


def hold_line(hold: CalendarHold) -> str:
    """Return `freeze: Stocktaking, by ana@example.com, from … until …`."""
    begins, ends = when(hold.get("from")), when(hold.get("until"))
    times = [f"from {begins}" if begins else "", f"until {ends}" if ends else "until released"]
    word = "freeze" if hold["kind"] == "freeze" else f"hold {hold['id']}"
    return f"{word}: {hold['reason']}, by {hold['by']}, {' '.join(filter(None, times))}"
