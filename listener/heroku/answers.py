"""What an answer of Heroku's means: its status tells, in Heroku's own words if it has any."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus

import httpx

from listener.heroku.errors import Doubtful, NotSent, RateLimited, Refused
from listener.heroku.fields import Fields, Unreadable, loads, names

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
class Answer:
    """A status, and a body if it arrived whole; otherwise what is wrong with it."""

    status: int
    headers: httpx.Headers = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    flaw: str = ""

    def json(self) -> object:
        """The body of a yes; one that cannot be read leaves in doubt what was said yes to."""
        if self.flaw:
            raise self._unusable(self.flaw)
        try:
            return loads(self.body)
        except Unreadable as error:
            raise self._unusable(str(error)) from error

    def names(self) -> tuple[str, ...]:
        """The names in the body of a yes that is an object of secrets: the values are dropped."""
        if self.flaw:
            raise self._unusable(self.flaw)
        try:
            return names(self.body)
        except Unreadable as error:
            raise self._unusable(str(error)) from None

    def _unusable(self, flaw: str) -> Doubtful:
        message = f"Heroku answered {self.status}, but its answer cannot be used: {flaw}."
        return Doubtful(message, status=self.status)


def received(response: httpx.Response, *, hide: Sequence[str]) -> Answer:
    """Read the rest of an answer, as far as it comes and is not too long."""
    head = Answer(response.status_code, response.headers)
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


def check(answer: Answer, *, hide: Sequence[str]) -> None:
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
    """What it means that no answer came: the request never left, or nobody can tell."""
    cause = _cause(error, hide)
    if isinstance(error, _NEVER_LEFT):
        return NotSent(f"Heroku was not reached: {cause}.")
    return Doubtful(f"Heroku did not answer: {cause}.")


def _said(answer: Answer, hide: Sequence[str]) -> tuple[str, str]:
    """The id and the message of an error; of our own making where Heroku gave none."""
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
    """Where Heroku says that there is more to read, if it is an address fit to be shown."""
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
