"""What GitHub's limits leave of a token: while it grants nothing, nothing is asked."""

from __future__ import annotations

import math
import time
from datetime import datetime
from email.utils import parsedate_to_datetime
from threading import Lock

from listener.github.errors import RateLimited
from listener.outbound.server import HttpAnswer

MINUTE, HOUR = 60.0, 3600.0  # GitHub: wait a minute if nothing says how long; it counts by hours
_LIMITED = ("rate limit", "abuse detection")


class Limit:
    """The limit of one token, as far as this process knows it; threads share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._until = -math.inf

    def check(self) -> None:
        """Raise RateLimited while GitHub is not to be asked."""
        with self._lock:
            wait = self._until - time.monotonic()
        if wait > 0:
            raise _limited(wait)

    def note(self, answer: HttpAnswer) -> None:
        """Learn from an answer; raise RateLimited if it says that we ask too much."""
        headers = answer.headers
        left = _number(headers.get("x-ratelimit-remaining"))
        is_refusal = answer.status in {403, 429} and (
            answer.status == 429 or left == 0 or "retry-after" in headers or _says_so(answer)
        )
        wait = _wait(answer) if is_refusal or left == 0 else 0.0
        if wait:
            with self._lock:
                self._until = max(self._until, time.monotonic() + wait)
        if is_refusal:
            raise _limited(wait)


def server_time(answer: HttpAnswer) -> float:
    """Return GitHub's clock, for its times are told by it; ours if it does not tell."""
    try:
        told: datetime = parsedate_to_datetime(answer.headers.get("date", ""))
        return told.timestamp()
    except (ValueError, OverflowError):
        return time.time()


def _wait(answer: HttpAnswer) -> float:
    """Return the seconds until GitHub may be asked again, an hour at most."""
    after = _number(answer.headers.get("retry-after"))
    reset = _number(answer.headers.get("x-ratelimit-reset"))
    if after is not None:
        wait = float(after)
    elif reset is not None and answer.headers.get("x-ratelimit-remaining") == "0":
        wait = reset - server_time(answer)
    else:
        wait = MINUTE
    return min(max(wait, 1.0), HOUR)


def _says_so(answer: HttpAnswer) -> bool:
    said = answer.body[:2000].lower()
    return any(words.encode() in said for words in _LIMITED)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() and len(text) <= 12 else None


def _limited(wait: float) -> RateLimited:
    seconds = max(math.ceil(wait), 1)
    return RateLimited(f"GitHub takes no more requests for {seconds} s.", again_in=seconds)
