"""The apps that people name: as Heroku knows them now, or as we do."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from listener.apps import App
from listener.desk.asking import Asking
from listener.errors import Invalid
from listener.rules import is_allowed
from listener.steps.tools import Tools
from listener.store import apps


def find(tools: Tools, ask: Asking, name: str) -> App | None:
    """An app's facts, read from Heroku now, if it is there. Raises Invalid if it is not allowed."""
    app = ask.unless_gone(tools.readings.app, name)
    if app is not None:
        check_allowed(tools, app.name)
    return app


def read(tools: Tools, ask: Asking, name: str) -> App:
    """An app's facts, read from Heroku now. Raises Invalid where it is unknown or not allowed."""
    app = find(tools, ask, name)
    if app is None:
        raise Invalid(f"Heroku knows no app {name} that the listener's account may see.")
    return app


def read_all(tools: Tools, ask: Asking, names: Iterable[str]) -> tuple[App, ...]:
    """The facts of these apps, each once, in the order given."""
    found = {app.id: app for app in (read(tools, ask, name) for name in dict.fromkeys(names))}
    return tuple(found.values())


def check_allowed(tools: Tools, name: str) -> None:
    """Raises Invalid unless AUTOPROMOTE_APPS names the app."""
    if not is_allowed(name, tools.allowed_apps):
        message = f"{name} may be neither source nor target: AUTOPROMOTE_APPS does not name it."
        raise Invalid(message, id="app_not_allowed")


def find_id(conn: Connection, name_or_id: str | None) -> str | None:
    """The id of an app to filter by; one that nobody ever named is one that nothing is about."""
    if name_or_id is None:
        return None
    row = apps.find(conn, name_or_id)
    return row.id if row is not None else name_or_id
