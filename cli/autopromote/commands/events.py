"""`autopromote events`."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import click

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.empty import tell_none
from autopromote.options import MOST, USUAL, as_json, num, of_app
from autopromote.output import item, say_json_line, warn
from autopromote.plain import plain_line
from autopromote.polling import Polling
from autopromote.resources import Event
from autopromote.times import read_time

LATE = timedelta(seconds=15)  # what began earlier may be stored later
EARLIEST = datetime.min.replace(tzinfo=UTC)


@command(
    "events --app example-app --since 2h",
    "events --follow",
    "events --app example-app-staging --follow --json",
)
@of_app
@click.option("--since", metavar="TIME", help="only what came after it, like 7d, 12h or 2030-01-31")
@click.option(
    "-f", "--follow", "is_followed", is_flag=True, help="go on as more comes, until Ctrl-C"
)
@num
@as_json
@pass_context
def events(
    context: Context,
    app: str | None,
    since: str | None,
    is_followed: bool,
    num: int | None,
    as_json: bool,
) -> None:
    """tell what Heroku delivered and what was decided

    Each is a line, the newest last; with --json a line of JSON. With --app, those about promotions
    to or from this app are told, and what was delivered about it.
    """
    after = read_time(since, datetime.now(UTC), is_past=True) if since else None
    tail, listener = Tail(after, as_json=as_json), context.listener
    if is_followed:
        look = lambda: listener.events(app=app, since=tail.since, limit=MOST)  # noqa: E731
        answers = Polling().answers(look)
        tail.begin(next(answers), num or USUAL)
        for found in answers:
            tail.tell(found)
    found = listener.events(app=app, since=after, limit=num)
    tail.tell(found)
    if not found:
        tell_none(context, "Nothing happened that fits.", app)


class Tail:
    """Tells each event once, and where to ask on: never earlier than before."""

    def __init__(self, since: str | None, *, as_json: bool) -> None:
        self.since = since
        self._first = moment_at(since) if since is not None else None
        self._as_json = as_json
        self._told: set[str] = set()
        self._last: datetime | None = None

    def begin(self, events: Sequence[Event], count: int) -> None:
        """Print the last ones; the others of them were before, and are not told later either."""
        self._told = {event["id"] for event in events[:-count]}
        self._print(events)

    def tell(self, events: Sequence[Event]) -> None:
        """Print those that were not told."""
        if len(events) >= MOST and not any(event["id"] in self._told for event in events):
            warn(f"More happened than the last {MOST} events; earlier ones are left out.")
        self._print(events)

    def _print(self, events: Sequence[Event]) -> None:
        for event in events:
            if event["id"] not in self._told:
                say_json_line(event) if self._as_json else item(line(event))
        if events:
            self._told = {event["id"] for event in events}
            self._go_on_from(events[-1]["at"])

    def _go_on_from(self, at: str) -> None:
        """Ask next from some seconds before this event, unless a later one was told of."""
        moment = moment_at(at)
        if moment is None or (self._last is not None and moment <= self._last):
            return
        self._last = moment
        before = max(moment, EARLIEST + LATE) - LATE
        if self._first is None or before > self._first:
            self.since = before.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_at(at: str) -> datetime | None:
    """Return when an event was; None where that cannot be read."""
    try:
        return datetime.fromisoformat(at).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def line(event: Event) -> str:
    """Return `2030-01-31 18:00:00 UTC Promotion 42 of ⬢ … v42 to ⬢ …: waiting (…)`."""
    message = f" ({event['message']})" if event["message"] else ""
    return plain_line(f"{moment_of(event['at'])} {subject(event)}: {event['event']}{message}")


def subject(event: Event) -> str:
    """Return what it happened to."""
    app = f"⬢ {event['app']['name']}" if event["app"] else None
    version = f" v{event['version']}" if event["version"] is not None else ""
    if event["promotion"] is not None:
        source = f"⬢ {event['source']['name']}" if event["source"] else "an app"
        return f"Promotion {event['promotion']['id']} of {source}{version} to {app}"
    delivery = f"Delivery {event['delivery']['id']}" if event["delivery"] else "Delivery"
    return f"{delivery} of {app}{version}" if app else delivery


def moment_of(text: str) -> str:
    """Return a time of the listener's in local time; one that cannot be read, as it is."""
    try:
        return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M:%S %Z}"
    except (ValueError, OverflowError):
        return text
