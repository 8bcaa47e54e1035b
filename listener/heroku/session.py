"""One request and its answer, under the account's token; what ends badly is told as it is."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import httpx

from listener.heroku.budget import Budget
from listener.heroku.errors import HEROKU, Doubtful, RateLimited, Refused
from listener.outbound.address import checked_token, checked_url
from listener.outbound.fields import Fields, Unreadable, loads
from listener.outbound.server import HttpAnswer, fit, worth_hiding

_ACCEPT = "application/vnd.heroku+json; version=3"
# For its repository Heroku asks others, whose pace is not that of the app.
_OF_APP = re.compile(r"/apps/([0-9a-f-]{36})(?!/repo)(?:[/?]|$)", re.ASCII)
_LONGEST_ID = 64
_PAGE = re.compile(r"https://[\w.-]+(?:/[!-~]{0,200})?", re.ASCII)
_NOT_IN_ID = re.compile(r"[^\w-]", re.ASCII)


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
        self._token = checked_token(token, of="Heroku") if token is not None else ""
        self._url = checked_url(url, of="Heroku")
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

    def get(
        self, path: str, *, seconds: float, range: str | None = None, variant: str = ""
    ) -> HttpAnswer:
        """Read a path; `range` is the part of a list that is wanted, `variant` as in `send`."""
        headers = self._headers | ({"Range": range} if range is not None else {})
        headers |= {"Accept": _ACCEPT + variant} if variant else {}
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
        secrets = worth_hiding(self._token, *hide)
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
            return HEROKU.ask(self._transport, request, seconds=seconds, send_by=send_by, hide=hide)
        finally:
            if asked := _OF_APP.search(request.url.path):
                self.took[asked[1]] = time.monotonic() - begun

    def _note(self, answer: HttpAnswer) -> None:
        left = answer.headers.get("ratelimit-remaining", "")
        if left.isdecimal() and len(left) < 10:
            self.budget.note(int(left))
        if scopes := tuple(answer.headers.get("oauth-scope", "").split()):
            self.scopes = scopes


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


def _said(answer: HttpAnswer, hide: Sequence[str]) -> tuple[str, str]:
    """Return the id and the message of an error; our own ones where Heroku gave none."""
    id = answer.phrase.lower().replace(" ", "_") or "unknown"
    try:
        said = Fields(loads(answer.body))
    except Unreadable:
        return id, answer.sentence
    its_id = _NOT_IN_ID.sub("", said.words("id") or "")[:_LONGEST_ID]
    # One refusal is known that has its words under another name: `missing_version`.
    its_words = fit(said.words("message") or said.words("error") or answer.sentence, hide)
    return its_id or id, its_words + _more(said.words("url") or "", hide)


def _more(url: str, hide: Sequence[str]) -> str:
    """Say where Heroku has more to read, if the address is fit to be shown."""
    return f" (see {fit(url, hide)})" if _PAGE.fullmatch(url) else ""
