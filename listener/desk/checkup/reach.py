"""Every source and target: whether the listener's account may use it, and the settings allow it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from listener import heroku
from listener.apps import App
from listener.findings import Finding, State, Unread
from listener.rules import is_allowed
from listener.store.posts import LastAnswer

GONE = 404
# What Heroku says of whoever asks, and not of what was asked for.
OF_THE_CALLER = frozenset({"401", "402", "403"})
_REFUSED = re.compile(r"Heroku refused \((\d+) ([\w-]+)\)")


def access(
    app: App,
    found: heroku.App | Unread,
    *,
    who: str,
    allowed: Iterable[str],
    last: LastAnswer | None = None,
    is_target: bool = False,
    instead: str = "",
) -> Finding:
    """Whether an app can be read, and what Heroku answered to the last release there.

    `who` is the account that asks; `instead` is what to type where the app was destroyed.
    """
    if isinstance(found, heroku.App):
        if not is_allowed(found.name, tuple(allowed)):
            return _not_allowed(app, found.name, tuple(allowed))
        if is_target:
            return _tried(app, found.name, who, last)
        message = f"{who} can read {found.name}."
        return Finding(name="access", state=State.OK, message=message, app=app)
    if found.status == GONE:
        return _gone(app, who, instead)
    if found.status != 403:
        return found.finding("access", app)
    return Finding(
        name="access",
        state=State.BROKEN,
        message=f"{who} may not use {app.name}.",
        why="Nothing can be promoted from or to it.",
        mend=f"heroku access:add {who} -a {app.name}",
        app=app,
    )


def _gone(app: App, who: str, instead: str) -> Finding:
    return Finding(
        name="access",
        state=State.BROKEN,
        message=f"Heroku knows no app {app.name} that {who} may see.",
        why="Nothing can be promoted from or to it. The command is for one that was destroyed; an"
        f" app that is there wants `heroku access:add {who} -a {app.name}`.",
        mend=instead,
        app=app,
    )


def _not_allowed(app: App, name: str, patterns: tuple[str, ...]) -> Finding:
    wanted = ",".join((*patterns, name))
    return Finding(
        name="access",
        state=State.BROKEN,
        message=f"AUTOPROMOTE_APPS does not name {name}.",
        why="Nothing is promoted from or to it.",
        mend=f"heroku config:set -a LISTENER 'AUTOPROMOTE_APPS={wanted}'",
        app=app,
    )


def _tried(app: App, name: str, who: str, last: LastAnswer | None) -> Finding:
    """Reading shows nothing of releasing: only what Heroku answered to a release does."""
    if last is None:
        message = f"{who} can read {name}; no release of ours was tried there yet."
        return Finding(name="access", state=State.OK, message=message, app=app)
    facts = {"promotion": str(last.promotion_id), "outcome": last.outcome}
    if not last.was_refused:
        message = f"{who} can read {name}, and its last release there was accepted."
        return Finding(name="access", state=State.OK, message=message, app=app, facts=facts)
    status, id = _refusal(last.reason)
    is_forbidden = id == "forbidden"
    return Finding(
        name="access",
        state=State.BROKEN if status in OF_THE_CALLER else State.WARNING,
        message=f"{who} can read {name}, but Heroku refused its last release there.",
        why=f"{last.reason} Only another release tells whether that is mended.",
        mend=f"heroku access:update {who} -a {name} --permissions deploy,view"
        if is_forbidden
        else f"autopromote promotions:retry {last.promotion_id}",
        app=app,
        facts=facts,
    )


def _refusal(reason: str) -> tuple[str, str]:
    found = _REFUSED.search(reason)
    return (found[1], found[2]) if found is not None else ("", "")


def factor(app: App) -> Finding:
    """Heroku tells of an app that whoever changes it must give a second factor."""
    return Finding(
        name="second_factor",
        state=State.BROKEN,
        message=f"{app.name} wants a second factor of whoever releases there.",
        why="No robot has one: Heroku refuses every release of the listener.",
        mend=f"heroku pipelines:promote -a SOURCE --to {app.name}",
        app=app,
    )
