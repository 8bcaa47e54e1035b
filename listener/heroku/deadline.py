"""A bound on a whole HTTP exchange, whatever the other side does.

The timeouts of HTTP clients are per read, so that a server that trickles holds them for ever. Here
every connect, read and write gets what is left until one deadline; nothing is written after it.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

import httpcore


@dataclass(slots=True)
class Exchange:
    """One request and its answer: when it must be over, when its first byte must have left."""

    ends_at: float  # both by this process's steady clock
    send_by: float = math.inf
    has_begun: bool = False  # a byte of the request may have left

    def left(self, late: type[httpcore.TimeoutException]) -> float:
        """The seconds left, never none: raises `late`, or `ConnectTimeout` if nothing was sent."""
        until = self.ends_at if self.has_begun else min(self.ends_at, self.send_by)
        left = until - time.monotonic()
        if left > 0:
            return left
        raise (late if self.has_begun else httpcore.ConnectTimeout)("out of time")


_current: ContextVar[Exchange] = ContextVar("exchange")


@contextlib.contextmanager
def bounded(seconds: float, *, send_by: float = math.inf) -> Iterator[None]:
    """Bound the one exchange of this block; its request leaves by `send_by`, or never."""
    token = _current.set(Exchange(time.monotonic() + seconds, send_by))
    try:
        yield
    finally:
        _current.reset(token)


def end_within(seconds: float) -> None:
    """Let the exchange that this thread is in be over sooner."""
    exchange = current()
    exchange.ends_at = min(exchange.ends_at, time.monotonic() + seconds)


def current() -> Exchange:
    """The exchange that this thread is in."""
    return _current.get()
