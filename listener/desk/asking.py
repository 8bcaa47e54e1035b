"""Asking Heroku while a person waits: not for long, and with its troubles in its own words."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from listener.errors import HerokuUnreadable
from listener.heroku import HerokuError, Refused

Wanted = ParamSpec("Wanted")
Answer = TypeVar("Answer")

# No request of ours holds a thread for more than 20 s, and one exchange may take 10.
BEGIN_WITHIN_SECONDS = 10.0
GONE = 404

ADVICE = {
    "unauthorized": "The listener's HEROKU_API_KEY is not valid (any more): make a new one with"
    " `heroku authorizations:create` and set it.",
    "forbidden": "Give the listener's Heroku user access to the app: `heroku access:add`.",
    "two_factor": "The app wants a second factor, which no robot has.",
}


class Asking:
    """What one request of ours asks of Heroku; `but` says what does not happen if that fails."""

    def __init__(self, but: str, *, began_at: float | None = None) -> None:
        self._but = but
        self._began_at = time.monotonic() if began_at is None else began_at

    def __call__(
        self, call: Callable[Wanted, Answer], *args: Wanted.args, **kwargs: Wanted.kwargs
    ) -> Answer:
        """Heroku's answer. Raises HerokuUnreadable."""
        if time.monotonic() - self._began_at > BEGIN_WITHIN_SECONDS:
            raise self._unreadable("Heroku takes too long to answer.")
        try:
            return call(*args, **kwargs)
        except Refused as refused:
            raise self._refused(refused) from refused
        except HerokuError as error:
            raise self._unreadable(f"Heroku could not be asked: {error}") from error

    def now(self, but: str) -> Asking:
        """The same request from here on, where something else does not happen."""
        return Asking(but, began_at=self._began_at)

    def unless_gone(
        self, call: Callable[Wanted, Answer], *args: Wanted.args, **kwargs: Wanted.kwargs
    ) -> Answer | None:
        """Heroku's answer; None where what is asked about is not there."""
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
        return HerokuUnreadable(" ".join(word for word in (*words, self._but) if word))


def was_refused(error: HerokuUnreadable) -> bool:
    """Heroku gave a definite no, so that nothing happened there."""
    return isinstance(error.__cause__, Refused)
