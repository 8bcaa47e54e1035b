"""Calls to Heroku while a person waits: within a time limit, with errors in Heroku's own words."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import partial
from typing import Any, ParamSpec, TypeVar

from listener import heroku
from listener.core.app import App
from listener.core.finding import Unread
from listener.core.parity import Traits
from listener.errors import HerokuUnreadable, Spared
from listener.heroku import HerokuError, Refused, on_behalf_of, spender
from listener.inventory.context import Context
from listener.inventory.shared import SharedAnswers, TooLate
from listener.inventory.traits import AUTHORIZE_ANEW, FORBIDDEN, UNAUTHORIZED, buildpacks_now

Wanted = ParamSpec("Wanted")
Answer = TypeVar("Answer")

# A request to us may hold a thread for 20 s at most, and one call to Heroku may take 10 s.
BEGIN_WITHIN_SECONDS = 10.0
GONE = 404
TOO_LATE = "Heroku takes too long to answer."

ADVICE = {
    "unauthorized": "The listener's HEROKU_API_KEY is not valid (any more): make a new one with"
    " `heroku authorizations:create` and set it.",
    "forbidden": "Give the listener's Heroku user access to the app: `heroku access:add`.",
    "two_factor": "The app wants a second factor, which no robot has.",
}


class HerokuCall:
    """The calls to Heroku of one request to us; `but` says what does not happen if one fails.

    They are on behalf of whoever asks us, unless they are `vital`: then they may be the last that
    Heroku grants. With `shared`, answers of some seconds ago will do: for whoever only looks.
    """

    def __init__(
        self,
        but: str,
        *,
        vital: bool = False,
        shared: SharedAnswers | None = None,
        began_at: float | None = None,
    ) -> None:
        self._but = but
        self._began_at = time.monotonic() if began_at is None else began_at
        self._spender = None if vital else spender()
        self._shared = shared

    def __call__(
        self, call: Callable[Wanted, Answer], *args: Wanted.args, **kwargs: Wanted.kwargs
    ) -> Answer:
        """Return Heroku's answer. Raises HerokuUnreadable, Spared."""
        until = self._began_at + BEGIN_WITHIN_SECONDS
        if time.monotonic() > until:
            raise self._unreadable(TOO_LATE)
        try:
            with on_behalf_of(self._spender):  # whichever thread this is
                if self._shared is not None:
                    return self._shared(partial(call, *args, **kwargs), until=until)
                return call(*args, **kwargs)
        except TooLate as late:
            raise self._unreadable(TOO_LATE) from late
        except heroku.Spared as spared:
            said = f"{spared.message} Try again in {spared.again_in} s."
            raise Spared(_joined(said, self._but), again_in=spared.again_in) from spared
        except Refused as refused:
            raise self._refused(refused) from refused
        except HerokuError as error:
            raise self._unreadable(f"Heroku could not be asked: {error}") from error

    def now(self, but: str) -> HerokuCall:
        """Return the same request with another `but`; its time limit goes on."""
        same = copy(self)
        same._but = but  # noqa: SLF001 - of its own kind
        return same

    def unless_gone(
        self, call: Callable[Wanted, Answer], *args: Wanted.args, **kwargs: Wanted.kwargs
    ) -> Answer | None:
        """Return Heroku's answer; None where what is asked about is not there."""
        try:
            return self(call, *args, **kwargs)
        except HerokuUnreadable as error:
            if isinstance(error.__cause__, Refused) and error.__cause__.status == GONE:
                return None
            raise

    def _refused(self, refused: Refused) -> HerokuUnreadable:
        said = f"Heroku refused ({refused.status} {refused.id}): {refused.message}"
        return self._unreadable(said, ADVICE.get(refused.id, ""))

    def _unreadable(self, *words: str) -> HerokuUnreadable:
        return HerokuUnreadable(_joined(*words, self._but))


def _joined(*words: str) -> str:
    return " ".join(filter(None, words))


def was_refused(error: HerokuUnreadable) -> bool:
    """Tell whether Heroku gave a definite no, so that nothing happened there."""
    return isinstance(error.__cause__, Refused)


Key = TypeVar("Key")

# None of these threads touches the database, whose connections are few.
AT_ONCE = 6


def gather(
    ask: HerokuCall, calls: Mapping[Key, Callable[[], Answer]]
) -> dict[Key, Answer | Unread]:
    """Return every answer that came in time, and for each other one why there is none."""
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        asked = {key: pool.submit(attempt, ask, call) for key, call in calls.items()}
        return {key: future.result() for key, future in asked.items()}


def attempt(ask: HerokuCall, call: Callable[[], Answer]) -> Answer | Unread:
    """Return the answer, or why there is none and what would help."""
    try:
        return ask(call)
    except HerokuUnreadable as error:
        cause = error.__cause__
        status = cause.status if isinstance(cause, Refused) else None
        mend = AUTHORIZE_ANEW if status in (UNAUTHORIZED, FORBIDDEN) else ""
        return Unread(error.message, mend, status)


def traits(context: Context, ask: HerokuCall, apps: Iterable[App]) -> dict[str, Traits]:
    """Read what each of these apps should have in common with others, by app id."""
    found, client = {app.id: app for app in apps}, context.heroku
    calls: dict[tuple[str, int], Callable[[], Any]] = {}
    for id, app in found.items():
        calls[id, 0] = partial(buildpacks_now, client, app)
        calls[id, 1] = partial(client.config_var_names, id)
    read = gather(ask, calls)
    return {id: Traits(app, read[id, 0], read[id, 1]) for id, app in found.items()}
