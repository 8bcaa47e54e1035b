"""One request and its answer, under the account's token; what ends badly is told as it is."""

from __future__ import annotations

import contextlib
import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus

import httpx

from listener.heroku.address import checked_token, checked_url
from listener.heroku.budget import Budget
from listener.heroku.errors import Doubtful, NotSent, RateLimited, Refused
from listener.heroku.fields import Fields, Unreadable, loads, names
from listener.heroku.http import bounded

_ACCEPT = "application/vnd.heroku+json; version=3"
_OF_APP = re.compile(r"/apps/([0-9a-f-]{36})(?:[/?]|$)", re.ASCII)
_SHORTEST_SECRET = 8  # hiding anything shorter would only garble what Heroku says


class Wire:
    """Sends requests to one Heroku, each once; threads may share it."""

    def __init__(
        self,
        token: str | None,
        *,
        url: str,
        transport: httpx.BaseTransport,
        user_agent: str,
        budget: Budget | None = None,
    ) -> None:
        """Send with this token, on its account's budget; None is for the few paths without one."""
        self._token = checked_token(token) if token is not None else ""
        self._url = checked_url(url)
        self._transport = transport
        self._headers = {
            "Accept": _ACCEPT,
            "Accept-Encoding": "identity",
            "User-Agent": user_agent,
        }
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self.budget = budget or Budget()
        self.writes = 0  # changes that were asked for
        self.scopes: tuple[str, ...] | None = None
        self.took: dict[str, float] = {}  # seconds, by the id of the app that was asked about

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def get(self, path: str, *, seconds: float, range: str | None = None) -> HttpAnswer:
        """Read a path; `range` is the part of a list that is wanted."""
        headers = self._headers | ({"Range": range} if range is not None else {})
        request = httpx.Request("GET", self._url + path, headers=headers)
        return self._exchange(request, seconds=seconds)

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        seconds: float,
        send_by: float | None = None,
        hide: Sequence[str] = (),
        variant: str = "",
    ) -> HttpAnswer:
        """Write; `hide` are secrets in the body, `variant` is one of the API's version 3."""
        if method != "PUT":  # by which one only asks for more at once
            self.writes += 1
        headers = self._headers | {"Accept": _ACCEPT + variant}
        request = httpx.Request(method, self._url + path, json=body, headers=headers)
        at_last = math.inf if send_by is None else send_by
        return self._exchange(request, seconds=seconds, send_by=at_last, hide=hide)

    def _exchange(
        self,
        request: httpx.Request,
        *,
        seconds: float,
        send_by: float = math.inf,
        hide: Sequence[str] = (),
    ) -> HttpAnswer:
        secrets = [secret for secret in (self._token, *hide) if len(secret) >= _SHORTEST_SECRET]
        with self.budget.call():
            answer = self._timed(request, seconds, send_by, secrets)
            self._note(answer)
        check(answer, hide=secrets)
        return answer

    def _timed(
        self, request: httpx.Request, seconds: float, send_by: float, hide: Sequence[str]
    ) -> HttpAnswer:
        begun = time.monotonic()
        try:
            return self._answer(request, seconds, send_by, hide)
        except httpx.HTTPError as error:
            raise lost(error, hide=hide) from error
        finally:
            if asked := _OF_APP.search(request.url.path):
                self.took[asked[1]] = time.monotonic() - begun

    def _answer(
        self, request: httpx.Request, seconds: float, send_by: float, hide: Sequence[str]
    ) -> HttpAnswer:
        if time.monotonic() >= send_by:  # whatever the transport
            raise NotSent("It was too late to ask Heroku.")
        request.extensions = {"timeout": httpx.Timeout(seconds).as_dict()}
        with bounded(seconds, send_by=send_by):
            response = self._transport.handle_request(request)
            with contextlib.closing(response):
                return received(response, hide=hide)

    def _note(self, answer: HttpAnswer) -> None:
        left = answer.headers.get("ratelimit-remaining", "")
        if left.isdecimal() and len(left) < 10:
            self.budget.note(int(left))
        if scopes := tuple(answer.headers.get("oauth-scope", "").split()):
            self.scopes = scopes


LARGEST = 16 * 1024 * 1024
LONGEST_MESSAGE, LONGEST_ID = 300, 64
MOST_READ = 10_000  # of a message
# Of gzip, one chunk becomes at most a thousand times as large; other encodings have no such bound.
_ENCODINGS = frozenset({"", "identity", "gzip"})
_NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)
_PHRASES = {status.value: status.phrase for status in HTTPStatus} | {429: "Rate Limit"}
_PAGE = re.compile(r"https://[\w.-]+(?:/[!-~]{0,200})?", re.ASCII)
_NOT_IN_ID = re.compile(r"[^\w-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A status, and a body if it arrived whole; otherwise what is wrong with it."""

    status: int
    headers: httpx.Headers = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    flaw: str = ""

    def json(self) -> object:
        """Parse the body of a yes. Raises Doubtful: unread, it leaves open what the yes is to."""
        if self.flaw:
            raise self._unusable(self.flaw)
        try:
            return loads(self.body)
        except Unreadable as error:
            raise self._unusable(str(error)) from error

    def names(self) -> tuple[str, ...]:
        """Return the names in an object of secrets; its values are dropped. Raises Doubtful."""
        if self.flaw:
            raise self._unusable(self.flaw)
        try:
            return names(self.body)
        except Unreadable as error:
            raise self._unusable(str(error)) from None

    def _unusable(self, flaw: str) -> Doubtful:
        message = f"Heroku answered {self.status}, but its answer cannot be used: {flaw}."
        return Doubtful(message, status=self.status)


def received(response: httpx.Response, *, hide: Sequence[str]) -> HttpAnswer:
    """Read the rest of an answer, as far as it comes and is not too long."""
    head = HttpAnswer(response.status_code, response.headers)
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


def check(answer: HttpAnswer, *, hide: Sequence[str]) -> None:
    """Return if the answer is a yes, else raise what it is; the texts to hide never show."""
    status = answer.status
    if 200 <= status < 300:
        return
    id, message = _said(answer, hide)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise RateLimited(message, status=status, id=id)
    if 300 <= status < 500 and status != HTTPStatus.REQUEST_TIMEOUT:
        raise Refused(message, status=status, id=id)
    raise Doubtful(message, status=status)


def lost(error: httpx.HTTPError, *, hide: Sequence[str]) -> NotSent | Doubtful:
    """Return what a missing answer means: NotSent if the request never left, else Doubtful."""
    cause = _cause(error, hide)
    if isinstance(error, _NEVER_LEFT):
        return NotSent(f"Heroku was not reached: {cause}.")
    return Doubtful(f"Heroku did not answer: {cause}.")


def _said(answer: HttpAnswer, hide: Sequence[str]) -> tuple[str, str]:
    """Return the id and the message of an error; our own ones where Heroku gave none."""
    phrase = _PHRASES.get(answer.status, "")
    id = phrase.lower().replace(" ", "_") or "unknown"
    message = f"{f'Heroku answered {answer.status} {phrase}'.strip()}."
    try:
        said = Fields(loads(answer.body))
    except Unreadable:
        return id, message
    its_id = _NOT_IN_ID.sub("", said.words("id") or "")[:LONGEST_ID]
    # One refusal is known that has its words under another name: `missing_version`.
    its_words = _fit(said.words("message") or said.words("error") or message, hide)
    return its_id or id, its_words + _more(said.words("url") or "", hide)


def _more(url: str, hide: Sequence[str]) -> str:
    """Say where Heroku has more to read, if the address is fit to be shown."""
    return f" (see {_fit(url, hide)})" if _PAGE.fullmatch(url) else ""


def _cause(error: httpx.HTTPError, hide: Sequence[str]) -> str:
    without_number = re.sub(r"^\[Errno -?\d+\] ", "", str(error))
    return _fit(without_number, hide).rstrip(".") or type(error).__name__


def _fit(message: str, hide: Sequence[str]) -> str:
    """Make a message fit to be shown: one line, not too long, without what is to be hidden."""
    for secret in hide:
        message = message.replace(secret, "[hidden]")
    shown = "".join(c if c.isprintable() else " " for c in message[:MOST_READ])
    shown = " ".join(shown.split())
    return shown if len(shown) <= LONGEST_MESSAGE else f"{shown[: LONGEST_MESSAGE - 1]}…"
