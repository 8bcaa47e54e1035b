"""One request and its answer, under the account's token; what ends badly is told as it is."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Mapping, Sequence

import httpx

from listener.heroku.address import checked_token, checked_url
from listener.heroku.answers import Answer, check, lost, received
from listener.heroku.deadline import bounded
from listener.heroku.errors import NotSent

_ACCEPT = "application/vnd.heroku+json; version=3"
_SHORTEST_SECRET = 8  # hiding anything shorter would only garble what Heroku says


class Wire:
    """Sends requests to one Heroku, each once; threads may share it."""

    def __init__(
        self, token: str, *, url: str, transport: httpx.BaseTransport, user_agent: str
    ) -> None:
        self._token = checked_token(token)
        self._url = checked_url(url)
        self._transport = transport
        self._headers = {
            "Accept": _ACCEPT,
            "Accept-Encoding": "identity",
            "Authorization": f"Bearer {token}",
            "User-Agent": user_agent,
        }
        self.requests_left: int | None = None
        self.told_at = -math.inf  # when that was told, by this process's steady clock
        self.scopes: tuple[str, ...] | None = None

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def get(self, path: str, *, seconds: float, range: str | None = None) -> Answer:
        """Read."""
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
        hide: str = "",
        variant: str = "",
    ) -> Answer:
        """Write; `hide` is a secret in the body, `variant` one of the API's version 3."""
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
        hide: str = "",
    ) -> Answer:
        secrets = [secret for secret in (self._token, hide) if len(secret) >= _SHORTEST_SECRET]
        try:
            answer = self._answer(request, seconds, send_by, secrets)
        except httpx.HTTPError as error:
            raise lost(error, hide=secrets) from error
        self._note(answer)
        check(answer, hide=secrets)
        return answer

    def _answer(
        self, request: httpx.Request, seconds: float, send_by: float, hide: Sequence[str]
    ) -> Answer:
        if time.monotonic() >= send_by:  # whatever the transport
            raise NotSent("It was too late to ask Heroku.")
        request.extensions = {"timeout": httpx.Timeout(seconds).as_dict()}
        with bounded(seconds, send_by=send_by):
            response = self._transport.handle_request(request)
            with contextlib.closing(response):
                return received(response, hide=hide)

    def _note(self, answer: Answer) -> None:
        left = answer.headers.get("ratelimit-remaining", "")
        if left.isdecimal() and len(left) < 10:
            self.requests_left, self.told_at = int(left), time.monotonic()
        if scopes := tuple(answer.headers.get("oauth-scope", "").split()):
            self.scopes = scopes
