"""`autopromote events`."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import click

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.empty import tell_none
from autopromote.options import MOST, as_json, num, of_app
from autopromote.output import item, say_json_line
from autopromote.plain import plain_line
from autopromote.polling import Polling
from autopromote.resources import Event
from autopromote.times import read_time

LATE = timedelta(seconds=15)  # what began earlier may be stored later


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
    found = listener.events(app=app, since=after, limit=num)
    tail.tell(found)
    if is_followed:
        look = lambda: listener.events(app=app, since=tail.since, limit=MOST)  # noqa: E731
        for found in Polling().answers(look):
            tail.tell(found)
    elif not found:
        tell_none(context, "Nothing happened that fits.", app)


class Tail:
    """Tells each event once, and where to ask on."""

    def __init__(self, since: str | None, *, as_json: bool) -> None:
        self.since = since
        self._as_json = as_json
        self._told: set[str] = set()

    def tell(self, events: Iterable[Event]) -> None:
        """Print those that were not told."""
        found = list(events)
        for event in found:
            if event["id"] not in self._told:
                say_json_line(event) if self._as_json else item(line(event))
        if found:
            self.since = asked_from(found[-1]["at"]) or self.since
            self._told = {event["id"] for event in found}


def asked_from(at: str) -> str | None:
    """Return from when on to ask next: some seconds before the last event."""
    try:
        moment = datetime.fromisoformat(at).astimezone(UTC) - LATE
    except (ValueError, OverflowError):
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
