"""Requests of one kind that are answered many at a time, without the WSGI app.

A thread of its own for each, and a framework's way through it, take several times what storing a
delivery does. What is not plainly right goes the long way, through the app.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Protocol

from listener.web.answering import AnswerBuffer, brief
from listener.web.limits import Headers

FAST_PATH = "listener.web.fast_path"  # under this name an app keeps its own among its extensions
# Keys of the app's environ, about a request that was given back:
FAILED = "listener.failed"  # what went wrong on the fast path
BEGAN_AT = "listener.began_at"  # when it was whole, by `time.perf_counter`


class FastRequest:
    """A request that is whole. Answer it once, from any thread, or give it back."""

    __slots__ = (
        "_front",
        "began_at",
        "body",
        "connection",
        "headers",
        "is_over",
        "kept",
        "request",
    )

    def __init__(self, front: Answered, connection: Any, body: bytes) -> None:
        self._front = front
        self.connection = connection
        self.request = connection.request  # gunicorn's
        self.headers: Headers = connection.headers
        self.body = body
        self.began_at = time.perf_counter()
        self.kept: Any = None  # whatever the fast path keeps with it
        self.is_over = False  # it was answered, or given back

    def answer(self, status: str, headers: Sequence[tuple[str, str]]) -> None:
        """Answer without a body."""
        self.is_over = True
        self._front.answered(self, brief(self._front.worker, self.request, status, headers))

    def give_back(self, error: Exception | None = None) -> None:
        """Have the app answer; with an error it finds that in its environ, as FAILED."""
        self.is_over = True
        self._front.answered(self, error)


class Answered(Protocol):
    """Whoever sends the answers."""

    worker: Any

    def answered(self, request: FastRequest, outcome: AnswerBuffer | Exception | None) -> None:
        """Take the answer to a request, or have the app give one; any thread may call it."""


class FastPath(Protocol):
    """What an app may bring along, to answer requests that its judge calls fast."""

    def take(self, requests: Sequence[FastRequest]) -> None:
        """Begin to answer these, or give them back. Do not wait: this is the selector's thread."""

    def give_up(self, request: FastRequest) -> None:
        """Give back one that has waited for too long."""
