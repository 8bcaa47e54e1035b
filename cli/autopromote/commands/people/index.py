"""`autopromote people`."""

from autopromote.command import command
from autopromote.context import Context, pass_context
from autopromote.options import as_json
from autopromote.output import say_json, tell
from autopromote.resources import LoggedIn, PersonSeen
from autopromote.roles import roles
from autopromote.tables import table
from autopromote.times import when

COLUMNS = ("Email", "Role", "Kind", "Since", "From", "Last used", "Until")


@command("people", "people --json")
@as_json
@pass_context
def index(context: Context, as_json: bool) -> None:
    """list who has logged in, and what is still good

    Each token of the command line and each session of a browser has a line: since when, from which
    address, and when it was last used, to the minute. Whoever has logged in within 90 days is
    listed, with the role of this moment. It needs an admin.
    """
    people = context.listener.people()
    if as_json:
        say_json(people)
    elif not people:
        tell("Nobody has logged in within 90 days.")
    else:
        rows = [line for person in people for line in lines(person)]
        table(COLUMNS, rows, spare=("From", "Since", "Kind"), ends_with_words=False)


def lines(person: PersonSeen) -> list[list[str | None]]:
    """Return a row for each login; of somebody who is logged out, one with the last times."""
    who = [person["email"], roles(person["roles"]) or "none"]
    if not person["tokens"]:
        last = when(person["logged_in_at"]), None, when(person["last_used_at"])
        return [[*who, None, *last, None]]
    return [[*who, *cells(token)] for token in person["tokens"]]


def cells(token: LoggedIn) -> list[str | None]:
    """Return what is told of one login."""
    return [
        token["kind"],
        when(token["created_at"]),
        token["made_from"],
        when(token["last_used_at"]),
        when(token["expires_at"]),
    ]
