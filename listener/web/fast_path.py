"""Requests of one kind that are answered many at a time, without the WSGI app.

A thread of its own for each, and a framework's way through it, take several times what storing a
delivery does. What is not plainly right goes the long way, through the app.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from listener.web.limits import Headers

FAST_PATH = "listener.web.fast_path"  # under this name an app keeps its own among its extensions
# Keys of the app's environ, about a request that it gets from the fast path:
FAILED = "listener.failed"  # what went wrong there
BEGAN_AT = "listener.began_at"  # when it was whole, by `time.perf_counter`


class FastRequest:
    """A request that is whole."""

    __slots__ = ("_done", "began_at", "body", "connection", "headers", "kept", "request")

    def __init__(self, connection: Any, body: bytes, done: Callable[[FastRequest], None]) -> None:
        self.connection = connection
        self.request = connection.request  # gunicorn's
        self.headers: Headers = connection.headers
        self.body = body
        self.began_at = time.perf_counter()
        self.kept: Any = None  # whatever the fast path keeps with it
        self._done = done

    def done(self) -> None:
        """Say that the fast path can finish it; any thread may do so."""
        self._done(self)


class Brief(NamedTuple):
    """An answer without a body."""

    status: str
    headers: Sequence[tuple[str, str]]


class FastPath(Protocol):
    """What an app may bring along, to answer requests that its judge calls fast.

    It is called by the thread of the selector, so it never waits.
    """

    def take(self, requests: Sequence[FastRequest]) -> None:
        """Begin to answer these; each is finished once it says that it is done."""

    def finish(self, request: FastRequest) -> Brief | Exception | None:
        """Return the answer to one that is done.

        None has the app answer it, an error has the app tell that.
        """

    def give_up(self, request: FastRequest) -> Exception | None:
        """Return what the app tells of one that has waited for too long; None if it may answer."""
