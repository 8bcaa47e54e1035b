"""Looks up the apps that people name: at Heroku now, or in the database.

An app that whoever asks may not see is not there: nobody asks Heroku for it, so that neither words
nor time tell it from one that does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from sqlalchemy import Connection

from listener.core import duration
from listener.core.app import App
from listener.core.rule import is_allowed
from listener.db import apps
from listener.db.apps import AppRow
from listener.errors import HerokuUnreadable, Invalid
from listener.inventory.context import Context
from listener.services.heroku_calls import HerokuCall

NEAR = 0.85  # of two names, as difflib measures it: about two letters; a team's names are alike

# An id tells nothing of the name by which a role is given.
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def find(context: Context, ask: HerokuCall, name: str) -> App | None:
    """Read an app from Heroku; None where it is not there. Raises Invalid if it is not allowed."""
    app = _at_heroku(context, ask, name)
    if app is not None:
        check_allowed(context, app.name)
    return app


def _at_heroku(context: Context, ask: HerokuCall, name: str) -> App | None:
    if not _may_be_seen(context, name):
        return None
    app = ask.unless_gone(context.reader.app, name)
    return app if app is not None and context.reach.sees.has(app.name) else None


def _may_be_seen(context: Context, name_or_id: str) -> bool:
    """Tell by its name, or by that of the app with this id, whether it is worth asking for."""
    scope = context.reach.sees
    return scope.has(name_or_id) or stored(context, name_or_id) is not None


def read(context: Context, ask: HerokuCall, name: str) -> App:
    """Read an app from Heroku. Raises Invalid where it is unknown or not allowed."""
    app = find(context, ask, name)
    if app is None:
        raise Invalid(unknown(context, name))
    return app


def read_all(context: Context, ask: HerokuCall, names: Iterable[str]) -> tuple[App, ...]:
    """Read these apps from Heroku, each once, in the order given."""
    found = {app.id: app for app in (read(context, ask, name) for name in dict.fromkeys(names))}
    return tuple(found.values())


def urgent(context: Context, but: str, names: Iterable[str]) -> HerokuCall:
    """Return calls about apps on which something is asked for that must go on, whatever is left.

    They may be the last ones where the listener knows all these apps; about others they are
    readings like any, or whoever makes up names could spend the rest. Raises Forbidden, before
    anything is asked, where the role is less.
    """
    known = {name: stored(context, name) for name in names}
    for name, row in known.items():
        if row is not None:
            context.reach.check(row.name)
        elif context.reach.sees.has(name) and not _ID.fullmatch(name):
            context.reach.check(name)
    return HerokuCall(but, vital=all(known.values()))


def read_targets(context: Context, ask: HerokuCall, names: Iterable[str]) -> tuple[App, ...]:
    """Read these apps, on which something is asked for. Raises Forbidden where the role is less."""
    found = read_all(context, ask, names)
    context.reach.check(*(app.name for app in found))
    return found


@dataclass(frozen=True, slots=True)
class FoundApp:
    """The app that somebody names; `note` says so where only the database knows it."""

    id: str
    name: str
    note: str = ""


def find_at_heroku(context: Context, ask: HerokuCall, name: str) -> FoundApp:
    """Find the app that has this name at Heroku now. Raises Invalid, HerokuUnreadable.

    A new app with an old name is another app. The stored app is returned only where Heroku
    cannot be asked.
    """
    found = find_app(context, ask, name, may_be_gone=False)
    if found is None:
        raise Invalid(unknown(context, name))
    return found


def find_app(
    context: Context, ask: HerokuCall, name: str, *, may_be_gone: bool = True
) -> FoundApp | None:
    """Find the same app, or None; with `may_be_gone`, also the app that had the name last."""
    try:
        app = _at_heroku(context, ask, name)
    except HerokuUnreadable:
        if (row := stored(context, name)) is None:
            raise
        return FoundApp(row.id, row.name, f"Heroku could not be asked, so {_as_stored(row)}.")
    if app is not None:
        return FoundApp(app.id, app.name)
    row = stored(context, name) if may_be_gone else None
    if row is None:
        return None
    return FoundApp(row.id, row.name, f"Heroku has no app {name} any more: {_as_stored(row)}.")


def stored(context: Context, name_or_id: str) -> AppRow | None:
    """Find the app of this id in the database, or else the one that had this name last."""
    with context.database.begin() as conn:
        return _stored(context, conn, name_or_id)


def _stored(context: Context, conn: Connection, name_or_id: str) -> AppRow | None:
    row = apps.find(conn, name_or_id)
    return row if row is not None and context.reach.sees.has(row.name) else None


NO_ID = ""


def _as_stored(row: AppRow) -> str:
    seen = f" at {duration.format_moment(row.facts_at)}" if row.facts_at is not None else ""
    return f"this is the {row.name} that the listener last saw{seen}"


def unknown(context: Context, name: str) -> str:
    """Say that there is no such app, and which may be meant."""
    return f"Heroku knows no app {name} that the listener's account may see.{meant(context, name)}"


def meant(context: Context, name: str) -> str:
    """Ask whether a near name was meant, of an app that whoever asks may see; else empty.

    Only what the listener knows is looked at, by the same work for every unknown name.
    """
    with context.database.begin() as conn:
        known = [each for each in apps.all_names(conn) if context.reach.sees.has(each)]
    near = get_close_matches(name, [each for each in known if each != name], n=1, cutoff=NEAR)
    return f" Did you mean {near[0]}?" if near else ""


def check_allowed(context: Context, name: str) -> None:
    """Raise Invalid unless AUTOPROMOTE_APPS allows the app."""
    if not is_allowed(name, context.allowed_apps):
        message = f"{name} may be neither source nor target: AUTOPROMOTE_APPS does not name it."
        raise Invalid(message, id="app_not_allowed")


def find_id(context: Context, conn: Connection, name_or_id: str | None) -> str | None:
    """Return the id of an app to filter by; for an unknown one, an id that matches nothing."""
    if name_or_id is None:
        return None
    row = _stored(context, conn, name_or_id)
    return row.id if row is not None else NO_ID


_MOST_DIGITS = 18  # what a BIGINT surely holds


def number_of(text: str) -> int | None:
    """Return the number that an id is written as; None where it cannot be an id of ours."""
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else None
