"""Asking Heroku several things side by side: what fails is told as unknown, and spoils no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from listener.apps import App
from listener.desk.asking import Asking
from listener.errors import HerokuUnreadable
from listener.findings import Unread
from listener.heroku import Refused
from listener.parity import Traits
from listener.steps.comparing import AUTHORIZE_ANEW, FORBIDDEN, UNAUTHORIZED, buildpacks_now
from listener.steps.tools import Tools

Key = TypeVar("Key")
Answer = TypeVar("Answer")

# None of these threads touches the database, whose connections are few.
AT_ONCE = 6


def gather(ask: Asking, calls: Mapping[Key, Callable[[], Answer]]) -> dict[Key, Answer | Unread]:
    """Every answer that came in time, and in place of each other one why there is none."""
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        asked = {key: pool.submit(attempt, ask, call) for key, call in calls.items()}
        return {key: future.result() for key, future in asked.items()}


def attempt(ask: Asking, call: Callable[[], Answer]) -> Answer | Unread:
    """The answer, or why there is none and what would help."""
    try:
        return ask(call)
    except HerokuUnreadable as error:
        cause = error.__cause__
        status = cause.status if isinstance(cause, Refused) else None
        mend = AUTHORIZE_ANEW if status in (UNAUTHORIZED, FORBIDDEN) else ""
        return Unread(error.message, mend, status)


def traits(tools: Tools, ask: Asking, apps: Iterable[App]) -> dict[str, Traits]:
    """What each of these apps should have in common with others, by its id."""
    found, heroku = {app.id: app for app in apps}, tools.heroku
    calls: dict[tuple[str, int], Callable[[], Any]] = {}
    for id, app in found.items():
        calls[id, 0] = partial(buildpacks_now, heroku, app)
        calls[id, 1] = partial(heroku.config_var_names, id)
    read = gather(ask, calls)
    return {id: Traits(app, read[id, 0], read[id, 1]) for id, app in found.items()}
