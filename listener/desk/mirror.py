"""The listener looks at itself from outside, as Heroku does when it delivers."""

from __future__ import annotations

import contextlib

import httpx

from listener.findings import Finding, State
from listener.heroku.deadline import bounded
from listener.heroku.transport import BoundedTransport, trusted

MARK = "Autopromote-Mark"
PATH = "/healthz"
SECONDS = 5.0
NAME = "public_url"
WHY = "Heroku delivers to that address: without it, releases are found late."
MEND = "heroku config:set -a LISTENER PUBLIC_URL=https://…"
_UNREACHED = (httpx.ConnectError, httpx.ConnectTimeout)


class Mirror:
    """Asks one address, which the settings name, for the mark of this installation."""

    def __init__(
        self, url: str | None, mark: str, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._url = url
        self._mark = mark
        self._transport = transport

    def look(self) -> Finding:
        """Whether who answers at the public address is us; takes five seconds at most."""
        if self._url is None:
            return _told(State.WARNING, "Nobody told the listener where Heroku reaches it.")
        try:
            return self._recognised(self._url, self._asked(self._url))
        except _UNREACHED:
            return _told(State.BROKEN, f"Nobody answers at {self._url}.")
        except httpx.HTTPError as error:
            message = f"{self._url} did not answer in {SECONDS:.0f} s: {type(error).__name__}."
            return _told(State.UNKNOWN, message)

    def _recognised(self, url: str, answer: httpx.Response) -> Finding:
        if answer.headers.get(MARK) == self._mark:
            return Finding(name=NAME, state=State.OK, message=f"The listener answers at {url}.")
        if answer.is_redirect:
            # Whatever follows a redirect may be us: Heroku is not known to follow any.
            return _told(State.BROKEN, f"{url} sends on to another address.")
        return _told(State.BROKEN, f"Something else answers at {url} ({answer.status_code}).")

    def _asked(self, url: str) -> httpx.Response:
        request = httpx.Request("GET", f"{url}{PATH}", headers={"User-Agent": "heroku-autopromote"})
        request.extensions = {"timeout": httpx.Timeout(SECONDS).as_dict()}
        with contextlib.closing(self._transport or _transport(url)) as transport:
            with bounded(SECONDS):
                answer = transport.handle_request(request)
            answer.close()  # its head tells all
            return answer


def _transport(url: str) -> httpx.BaseTransport:
    return BoundedTransport(ssl_context=trusted() if url.startswith("https:") else None)


def _told(state: State, message: str) -> Finding:
    return Finding(name=NAME, state=state, message=message, why=WHY, mend=MEND)
