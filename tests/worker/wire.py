"""What may go wrong between us and Heroku, and where a process may die."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import Connection
from typing_extensions import override

from listener.db.engine import Database
from listener.db.watchdog import Watched

Send = Callable[[], httpx.Response]
Around = Callable[[httpx.Request, Send], httpx.Response]


class Killed(BaseException):
    """The process is gone: nothing catches this but the test."""


@dataclass
class Mortality:
    """Counts the moments at which a process may die, and lets it die at one of them."""

    dies_at: int | None = None
    lived: int = 0

    def moment(self) -> None:
        """One more moment; perhaps the last."""
        self.lived += 1
        if self.lived == self.dies_at:
            raise Killed

    def die_at(self, moment: int | None) -> None:
        """Begin to count anew."""
        self.dies_at, self.lived = moment, 0


class MortalDatabase(Database):
    """A database whose user may die right before and right after each commit."""

    def __init__(self, database: Database, mortality: Mortality) -> None:
        self._inner = database
        self._mortality = mortality

    @override
    def uncached(self) -> Database:
        return MortalDatabase(self._inner.uncached(), self._mortality)

    @override
    def begin(self) -> AbstractContextManager[Connection]:
        return self._begin()

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        with self._inner.begin() as conn:
            yield conn
            self._mortality.moment()
        self._mortality.moment()

    @override
    def lend(self) -> AbstractContextManager[Connection]:
        return self._lend()

    @contextmanager
    def _lend(self) -> Iterator[Connection]:
        with self._inner.lend() as conn:
            yield conn
        self._mortality.moment()

    @override
    def listen(self, channel: str) -> Watched:
        return self._inner.listen(channel)


@dataclass(frozen=True)
class Trouble:
    """Something to happen around the requests that match, so many times."""

    method: str
    path: str
    around: Around


@dataclass
class Wire(httpx.BaseTransport):
    """Carries requests to the emulator, through whatever trouble a test put in the way."""

    inner: httpx.BaseTransport
    mortality: Mortality = field(default_factory=Mortality)
    troubles: list[Trouble] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    witness: Callable[[str], None] | None = None  # is shown the slug of each post before it leaves

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it, or let its trouble have it."""
        self.mortality.moment()
        self.calls.append(f"{request.method} {request.url.path}")
        if self.witness is not None and request.method == "POST":
            self.witness(json.loads(request.content)["slug"])
        response = self._send(request)
        self.mortality.moment()
        return response

    def _send(self, request: httpx.Request) -> httpx.Response:
        for trouble in self.troubles:
            wanted = request.method == trouble.method
            if wanted and re.fullmatch(trouble.path, request.url.path):
                self.troubles.remove(trouble)
                return trouble.around(request, lambda: self.inner.handle_request(request))
        return self.inner.handle_request(request)

    def put(
        self, around: Around, *, method: str = "POST", path: str = ".*", times: int = 1
    ) -> None:
        """Have the next requests that match go wrong."""
        self.troubles += [Trouble(method, path, around)] * times

    def take_calls(self) -> list[str]:
        """Method and path of every call since the last time."""
        calls, self.calls = self.calls, []
        return calls


# What may happen to a request.


def lost(_: httpx.Request, send: Send) -> httpx.Response:
    """It never arrives, and nobody can tell."""
    raise httpx.ReadTimeout("timed out")


def answer_lost(_: httpx.Request, send: Send) -> httpx.Response:
    """It is carried out, and the connection dies before the answer."""
    send().read()
    raise httpx.ReadError("[Errno 104] Connection reset by peer")


def refused(_: httpx.Request, send: Send) -> httpx.Response:
    """Nobody listens."""
    raise httpx.ConnectError("[Errno 111] Connection refused")


def twice(_: httpx.Request, send: Send) -> httpx.Response:
    """Something on the way repeats it, and the answers are lost."""
    send().read()
    send().read()
    raise httpx.ReadError("[Errno 104] Connection reset by peer")


def after(act: Callable[[], Any]) -> Around:
    """Something happens once Heroku has answered."""

    def around(_: httpx.Request, send: Send) -> httpx.Response:
        response = send()
        response.read()
        act()
        return response

    return around


def before(act: Callable[[], Any]) -> Around:
    """Somebody is faster."""

    def around(_: httpx.Request, send: Send) -> httpx.Response:
        act()
        return send()

    return around


def answers(status: int, *, applied: bool, body: Any = None) -> Around:
    """It is carried out or not, and answered so."""

    def around(_: httpx.Request, send: Send) -> httpx.Response:
        if applied:
            send().read()
        if isinstance(body, str):
            return httpx.Response(status, text=body)
        return httpx.Response(status, json=body or {"id": "an_id", "message": "Heroku's words."})

    return around


def edited(edit: Callable[[Any], Any]) -> Around:
    """The answer says something else than Heroku did."""

    def around(_: httpx.Request, send: Send) -> httpx.Response:
        response = send()
        response.read()
        return httpx.Response(response.status_code, json=edit(response.json()))

    return around
