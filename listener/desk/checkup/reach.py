"""Every source and target: whether the listener's account may use it, and the settings allow it."""

from __future__ import annotations

from collections.abc import Iterable

from listener import heroku
from listener.apps import App
from listener.findings import Finding, State, Unread
from listener.rules import is_allowed

GONE = 404


def access(app: App, found: heroku.App | Unread, *, who: str, allowed: Iterable[str]) -> Finding:
    """Whether an app can be read; `who` is the account that asks."""
    if isinstance(found, heroku.App):
        return _allowed(app, found.name, who, tuple(allowed))
    if found.status is None or found.status not in (403, GONE):
        return found.finding("access", app)
    return Finding(
        name="access",
        state=State.BROKEN,
        message=f"{who} may not use {app.name}."
        if found.status != GONE
        else f"Heroku knows no app {app.name} that {who} may see.",
        why="Nothing can be promoted from or to it.",
        mend=f"heroku access:add {who} -a {app.name}",
        app=app,
    )


def _allowed(app: App, name: str, who: str, patterns: tuple[str, ...]) -> Finding:
    if is_allowed(name, patterns):
        message = f"{who} may use {name}."
        return Finding(name="access", state=State.OK, message=message, app=app)
    wanted = ",".join((*patterns, name))
    return Finding(
        name="access",
        state=State.BROKEN,
        message=f"AUTOPROMOTE_APPS does not name {name}.",
        why="Nothing is promoted from or to it.",
        mend=f"heroku config:set -a LISTENER 'AUTOPROMOTE_APPS={wanted}'",
        app=app,
    )
