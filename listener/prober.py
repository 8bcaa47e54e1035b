"""One request to a URL that others chose: short, bounded, to an address that was checked.

A question is a GET that carries nothing of ours; a notice is a POST that follows no redirect.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from ssl import SSLContext

import httpx

from listener.core import hidden, hidden_query
from listener.core.verification import Probe
from listener.outbound.address import read_url
from listener.outbound.http import BoundedTransport, Resolve, addresses, bounded, trusted
from listener.outbound.public import why_not

SECONDS = 5.0  # for all of it: names, connections, redirects and bodies
MOST_REDIRECTS = 3
MOST_READ = 16 * 1024
MOST_SHOWN = 600  # bytes of a bad answer's body
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": "heroku-autopromote (health check)",
}
_NOTHING: Mapping[str, str] = {}


class ForbiddenAddress(OSError):
    """The name leads to an address that we do not connect to."""


class _Bad(Exception):
    """The URL does not answer well; the message says how."""

    def __init__(self, message: str, code: int | None = None, text: str = "") -> None:
        super().__init__(message)
        self.code, self.text = code, text


class Prober:
    """Asks URLs, each over a connection of its own to an address that was checked.

    `allow_private` also lets it ask this machine and what is near it.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        resolve: Resolve = addresses,
        ssl_context: SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._allow_private = allow_private
        self._inner = resolve
        self._ssl_context = ssl_context
        self._seconds = seconds

    def ask_all(self, urls: Sequence[str]) -> list[Probe]:
        """Ask all of them at once; it takes as long as the slowest."""
        with ThreadPoolExecutor(max_workers=max(len(urls), 1)) as pool:
            return list(pool.map(self.ask, urls))

    def ask(self, url: str) -> Probe:
        """Ask whether the URL answers 2xx in time."""
        return self._probe(url, partial(self._follow, url))

    def tell(self, url: str, said: object, *, headers: Mapping[str, str] = _NOTHING) -> Probe:
        """Send the URL a JSON document, and return whether it took it with 2xx in time."""
        told = {**headers, "Content-Type": "application/json"}
        return self.send(url, json.dumps(said).encode(), headers=told)

    def send(self, url: str, content: bytes, *, headers: Mapping[str, str] = _NOTHING) -> Probe:
        """Send the URL this very content, and return whether it took it with 2xx in time."""
        return self._probe(url, partial(self._post, url, content, {**_HEADERS, **headers}))

    def _probe(self, url: str, exchange: Callable[[list[str]], int]) -> Probe:
        began = time.monotonic()
        probe = self._seen(url, exchange)
        return replace(probe, took=time.monotonic() - began)

    def _seen(self, url: str, exchange: Callable[[list[str]], int]) -> Probe:
        refused: list[str] = []
        try:
            with bounded(self._seconds):
                code = exchange(refused)
                return Probe(url, True, f"answered {code}", code=code)
        except _Bad as bad:
            return Probe(url, False, str(bad), code=bad.code, text=bad.text)
        except httpx.HTTPError as error:
            if refused:
                return Probe(url, False, refused[0], was_asked=False)
            return Probe(url, False, _told(error))

    def _follow(self, url: str, refused: list[str]) -> int:
        """Follow redirects and return the final 2xx status. Raises _Bad, httpx.HTTPError."""
        place = _read(url)
        for _ in range(MOST_REDIRECTS + 1):
            with self._exchange(httpx.Request("GET", place, headers=_HEADERS), refused) as response:
                if response.is_success:
                    _read_some(response)
                    return response.status_code
                if response.status_code not in _REDIRECTS or "location" not in response.headers:
                    code = response.status_code
                    raise _Bad(f"answered {code}", code, _beginning(response, url))
                place = _next(place, response.headers["location"])
        raise _Bad(f"redirected more than {MOST_REDIRECTS} times")

    def _post(
        self, url: str, content: bytes, headers: Mapping[str, str], refused: list[str]
    ) -> int:
        request = httpx.Request("POST", _read(url), content=content, headers=headers)
        with self._exchange(request, refused) as response:
            if not response.is_success:
                raise _Bad(f"answered {response.status_code}", response.status_code)
            return response.status_code

    @contextmanager
    def _exchange(self, request: httpx.Request, refused: list[str]) -> Iterator[httpx.Response]:
        def resolve(host: str, port: int) -> list[str]:
            return self._checked(host, self._inner(host, port), refused)

        context = (self._ssl_context or trusted()) if request.url.scheme == "https" else None
        with closing(BoundedTransport(ssl_context=context, resolve=resolve)) as transport:
            response = transport.handle_request(request)
            with closing(response):
                yield response

    def _checked(self, host: str, found: list[str], refused: list[str]) -> list[str]:
        """Check the addresses and return them. Raises Forbidden.

        We connect to these, and resolve no name again.
        """
        for address in found if not self._allow_private else ():
            if (kind := why_not(address)) is not None:
                refused.append(
                    f"was not asked: {host} leads to {kind},"
                    " which only AUTOPROMOTE_ALLOW_PRIVATE_CHECKS=1 permits"
                )
                raise ForbiddenAddress(refused[0])
        return found


def _read(url: str) -> httpx.URL:
    try:
        place = read_url(url)
    except httpx.InvalidURL as error:
        raise _Bad("is no URL that can be asked") from error
    if place.scheme not in ("http", "https") or not place.host:
        raise _Bad("is no http or https URL")
    return place


def _next(place: httpx.URL, location: str) -> httpx.URL:
    try:
        return _read(str(place.join(location)))
    except (httpx.InvalidURL, UnicodeError, _Bad) as error:
        raise _Bad("redirected to what is no http or https URL") from error


def _read_some(response: httpx.Response) -> None:
    """Read enough to notice a body that breaks off, and throw it away."""
    length = 0
    for chunk in response.iter_raw():
        length += len(chunk)
        if length >= MOST_READ:
            return


def _beginning(response: httpx.Response, url: str) -> str:
    """Return the beginning of a bad answer's body as plain text, without what the URL hides."""
    most = MOST_SHOWN + hidden_query.longest(url)  # no half of a query stands at the end
    kept = b""
    with suppress(httpx.HTTPError):  # a body that breaks off is told as far as it came
        for chunk in response.iter_raw():
            kept += chunk
            if len(kept) > most:
                break
    end = len(_text(kept[:MOST_SHOWN]))
    said = hidden_query.without(_text(kept[:most]), url, end=end)
    return hidden.beginning(said, is_cut=len(kept) > MOST_SHOWN)


def _text(body: bytes) -> str:
    return body.decode(errors="replace")


def _told(error: httpx.HTTPError) -> str:
    match error:
        case httpx.ConnectTimeout():
            return "was not reached in time"
        case httpx.ConnectError():
            return "was not reached"
        case httpx.TimeoutException():
            return "did not answer in time"
        case _:
            return "broke off its answer"
