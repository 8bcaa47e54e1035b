"""One request to a server, and its answer: whole and within bounds, or told as what it is."""

from __future__ import annotations

import contextlib
import math
import re
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Protocol, TypeVar

import httpx

from listener.outbound.fields import Fields, Unreadable, loads, names
from listener.outbound.http import at_last, bounded

T = TypeVar("T")

LARGEST = 16 * 1024 * 1024
LONGEST_MESSAGE = 300
MOST_READ = 10_000  # of a message
_SHORTEST_SECRET = 8  # hiding anything shorter would only garble what a server says
# Of gzip, one chunk becomes at most a thousand times as large; other encodings have no such bound.
_ENCODINGS = frozenset({"", "identity", "gzip"})
_NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)
_PHRASES = {status.value: status.phrase for status in HTTPStatus} | {429: "Rate Limit"}


class DoubtfulError(Protocol):
    """Makes the error of an answer that is in doubt."""

    def __call__(self, message: str, *, status: int | None = None) -> Exception: ...


@dataclass(frozen=True, slots=True)
class Server:
    """A server: its name, and the errors that its client raises where it gives no clear answer."""

    name: str
    not_sent: Callable[[str], Exception]
    doubtful: DoubtfulError
    bad_answer: Callable[[str], Exception]

    def ask(
        self,
        transport: httpx.BaseTransport,
        request: httpx.Request,
        *,
        seconds: float,
        send_by: float = math.inf,
        hide: Sequence[str] = (),
    ) -> HttpAnswer:
        """Send a request once. Raises `not_sent` if it never left, `doubtful` if no answer came."""
        if time.monotonic() >= min(send_by, at_last()):  # whatever the transport
            raise self.not_sent(f"It was too late to ask {self.name}.")
        request.extensions = {"timeout": httpx.Timeout(seconds).as_dict()}
        try:
            with bounded(seconds, send_by=send_by):
                response = transport.handle_request(request)
                with contextlib.closing(response):
                    return self._received(response, hide)
        except httpx.HTTPError as error:
            raise self.lost(error, hide=hide) from error

    def lost(self, error: httpx.HTTPError, *, hide: Sequence[str]) -> Exception:
        """Return what a missing answer means."""
        cause = _cause(error, hide)
        if isinstance(error, _NEVER_LEFT):
            return self.not_sent(f"{self.name} was not reached: {cause}.")
        return self.doubtful(f"{self.name} did not answer: {cause}.")

    def read(self, kind: str, value: object, make: Callable[[Fields], T]) -> T:
        """Make a value of the JSON of one thing; `bad_answer` says what is wrong with the thing."""
        try:
            return make(Fields(value))
        except Unreadable as error:
            message = f"{self.name} showed a {kind} that cannot be used: {error}."
            raise self.bad_answer(message) from error

    def _received(self, response: httpx.Response, hide: Sequence[str]) -> HttpAnswer:
        """Read the rest of an answer, as far as it comes and is not too long."""
        head = HttpAnswer(response.status_code, response.headers, self)
        if response.headers.get("content-encoding", "").lower() not in _ENCODINGS:
            return replace(head, flaw="its encoding was not asked for")
        body = bytearray()
        try:
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > LARGEST:
                    return replace(head, flaw="it is too long")
        except httpx.HTTPError as error:
            return replace(head, flaw=_cause(error, hide))
        return replace(head, body=bytes(body))


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A status, and a body if it arrived whole; otherwise what is wrong with it."""

    status: int
    headers: httpx.Headers = field(repr=False)
    server: Server = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    flaw: str = ""

    @property
    def phrase(self) -> str:
        """What HTTP calls the status; empty if it does not know it."""
        return _PHRASES.get(self.status, "")

    @property
    def sentence(self) -> str:
        """The status, for where the server says nothing itself."""
        return f"{f'{self.server.name} answered {self.status} {self.phrase}'.strip()}."

    def json(self, *, without: Collection[str] = ()) -> object:
        """Parse the body of a yes, and drop what stands under the names `without`.

        Raises `doubtful`: unread, it leaves open what the yes is to.
        """
        if self.flaw:
            raise self._unusable(self.flaw)
        try:
            return loads(self.body, without=without)
        except Unreadable as error:
            raise self._unusable(str(error)) from error

    def names(self) -> tuple[str, ...]:
        """Return the names in an object of secrets; its values are dropped. Raises `doubtful`."""
        if self.flaw:
            raise self._unusable(self.flaw)
        try:
            return names(self.body)
        except Unreadable as error:
            raise self._unusable(str(error)) from None

    def _unusable(self, flaw: str) -> Exception:
        said = f"{self.server.name} answered {self.status}"
        message = f"{said}, but its answer cannot be used: {flaw}."
        return self.server.doubtful(message, status=self.status)


def worth_hiding(*secrets: str) -> list[str]:
    """Return those secrets that are to be hidden in what a server says."""
    return [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]


def fit(message: str, hide: Sequence[str]) -> str:
    """Make a message fit to be shown: one line, not too long, without what is to be hidden."""
    for secret in hide:
        message = message.replace(secret, "[hidden]")
    shown = "".join(c if c.isprintable() else " " for c in message[:MOST_READ])
    shown = " ".join(shown.split())
    return shown if len(shown) <= LONGEST_MESSAGE else f"{shown[: LONGEST_MESSAGE - 1]}…"


def _cause(error: httpx.HTTPError, hide: Sequence[str]) -> str:
    without_number = re.sub(r"^\[Errno -?\d+\] ", "", str(error))
    return fit(without_number, hide).rstrip(".") or type(error).__name__
