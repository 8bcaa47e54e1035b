"""One request to GitHub and its answer, under a token; what ends badly is told as it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import httpx

from listener.github.errors import GITHUB, Doubtful, Refused
from listener.github.limits import Limit
from listener.outbound.address import checked_url
from listener.outbound.fields import Fields, Unreadable, loads
from listener.outbound.server import HttpAnswer, fit, worth_hiding

_MOST_ERRORS = 3
_NO_RIGHT = "there is no such thing, or the credentials have no right to see it"


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token to ask with, and the limit that its requests count against."""

    token: str = field(repr=False)
    limit: Limit = field(default_factory=Limit)


class Wire:
    """Sends requests to one GitHub, each once; threads may share it."""

    def __init__(
        self, *, url: str, transport: httpx.BaseTransport, user_agent: str, seconds: float
    ) -> None:
        """Take `seconds` at most for a whole exchange."""
        self._url = checked_url(url, of="GitHub")
        self._transport = transport
        self._seconds = seconds
        self._headers = {
            "Accept": "application/vnd.github+json",
            "Accept-Encoding": "identity",
            "User-Agent": user_agent,
            "X-GitHub-Api-Version": "2022-11-28",
        }

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def get(
        self, path: str, bearer: Bearer, *, etag: str | None = None, seconds: float = math.inf
    ) -> HttpAnswer:
        """Read a path; the answer is a 304 if it still has this ETag."""
        known = {"If-None-Match": etag} if etag is not None else {}
        request = httpx.Request("GET", self._url + path, headers=self._headers | known)
        return self._exchange(request, bearer, seconds=seconds)

    def post(
        self,
        path: str,
        bearer: Bearer,
        body: Mapping[str, object] | None = None,
        *,
        send_by: float | None = None,
    ) -> HttpAnswer:
        """Write; what cannot leave before `send_by` (`time.monotonic`) is never sent."""
        at_last = math.inf if send_by is None else send_by
        request = httpx.Request("POST", self._url + path, json=body, headers=self._headers)
        return self._exchange(request, bearer, send_by=at_last)

    def _exchange(
        self,
        request: httpx.Request,
        bearer: Bearer,
        *,
        send_by: float = math.inf,
        seconds: float = math.inf,
    ) -> HttpAnswer:
        bearer.limit.check()
        request.headers["Authorization"] = f"Bearer {bearer.token}"
        hide = worth_hiding(bearer.token)
        within = min(seconds, self._seconds)
        answer = GITHUB.ask(self._transport, request, seconds=within, send_by=send_by, hide=hide)
        bearer.limit.note(answer)
        _check(answer, hide, is_conditional="If-None-Match" in request.headers)
        return answer


def _check(answer: HttpAnswer, hide: list[str], *, is_conditional: bool) -> None:
    """Return if the answer is a yes, else raise what it is; the texts to hide never show."""
    status = answer.status
    if 200 <= status < 300 or (status == HTTPStatus.NOT_MODIFIED and is_conditional):
        return
    message = _message(answer, hide)
    if 300 <= status < 500 and status != HTTPStatus.REQUEST_TIMEOUT:
        raise Refused(message, status=status)
    raise Doubtful(message, status=status)


def _message(answer: HttpAnswer, hide: list[str]) -> str:
    said = _said(answer, hide)
    match answer.status:
        case 301 | 302 | 307 | 308:
            return f"{said} Was the repository renamed or moved? Then use its new name."
        case 403 if needed := answer.headers.get("x-accepted-github-permissions"):
            return f"{said} It needs the permission {fit(needed, hide)}."
        case 404:
            return f"{said} Either {_NO_RIGHT}."
        case _:
            return said


def _said(answer: HttpAnswer, hide: list[str]) -> str:
    """Return GitHub's own words, if it gave any, as a sentence."""
    try:
        said = loads(answer.body)
    except Unreadable:
        return answer.sentence
    if not isinstance(said, Mapping):
        return answer.sentence
    errors = said.get("errors")
    details = errors[:_MOST_ERRORS] if isinstance(errors, list) else []
    words = Fields(said).line("message", limit=1000).rstrip(".")
    shown = fit(": ".join(filter(None, (words, *map(_detail, details)))), hide).rstrip(".")
    return f"GitHub answered {answer.status}: {shown}." if shown else answer.sentence


def _detail(error: object) -> str:
    """Return what one of several errors says, in any of its three forms."""
    if isinstance(error, str):
        return error
    if not isinstance(error, Mapping):
        return ""
    fields = Fields(error)
    named = (fields.line(key, limit=100) for key in ("resource", "field", "code"))
    return fields.line("message", limit=300) or " ".join(filter(None, named))
