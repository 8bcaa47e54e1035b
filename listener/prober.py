"""One question to a URL: a GET that is short, bounded and carries nothing of ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from ssl import SSLContext

import httpx

from listener.core.verification import Probe
from listener.heroku.http import BoundedTransport, Resolve, addresses, bounded, trusted

SECONDS = 5.0  # for all of it: names, connections, redirects and bodies
MOST_REDIRECTS = 3
MOST_READ = 16 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": "heroku-autopromote (health check)",
}


class ForbiddenAddress(OSError):
    """The name leads to an address that we do not connect to."""


class _Bad(Exception):
    """The URL does not answer well; the message says how."""


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
        refused: list[str] = []
        try:
            with bounded(self._seconds):
                return Probe(url, True, f"answered {self._follow(url, refused)}")
        except _Bad as bad:
            return Probe(url, False, str(bad))
        except httpx.HTTPError as error:
            if refused:
                return Probe(url, False, refused[0], was_asked=False)
            return Probe(url, False, _told(error))

    def _follow(self, url: str, refused: list[str]) -> int:
        """Follow redirects and return the final 2xx status. Raises _Bad, httpx.HTTPError."""
        place = _read(url)
        for _ in range(MOST_REDIRECTS + 1):
            with self._get(place, refused) as response:
                if response.is_success:
                    _read_some(response)
                    return response.status_code
                if response.status_code not in _REDIRECTS or "location" not in response.headers:
                    raise _Bad(f"answered {response.status_code}")
                place = _next(place, response.headers["location"])
        raise _Bad(f"redirected more than {MOST_REDIRECTS} times")

    @contextmanager
    def _get(self, place: httpx.URL, refused: list[str]) -> Iterator[httpx.Response]:
        def resolve(host: str, port: int) -> list[str]:
            return self._checked(host, self._inner(host, port), refused)

        context = (self._ssl_context or trusted()) if place.scheme == "https" else None
        with closing(BoundedTransport(ssl_context=context, resolve=resolve)) as transport:
            request = httpx.Request("GET", place, headers=_HEADERS)
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
        place = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise _Bad("is no URL that can be asked") from error
    if place.scheme not in ("http", "https") or not place.host:
        raise _Bad("is no http or https URL")
    return place


def _next(place: httpx.URL, location: str) -> httpx.URL:
    try:
        return _read(str(place.join(location)))
    except (httpx.InvalidURL, _Bad) as error:
        raise _Bad("redirected to what is no http or https URL") from error


def _read_some(response: httpx.Response) -> None:
    """Read enough to notice a body that breaks off, and throw it away."""
    length = 0
    for chunk in response.iter_raw():
        length += len(chunk)
        if length >= MOST_READ:
            return


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


# Addresses of IPv6 that a gateway turns into the IPv4 address in their last 32 bits (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")
# They look public, but the machine's own surroundings or a gateway of theirs answer there.
_NEAR: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(text)
    for text in (
        "168.63.129.16/32",  # Azure's own services, metadata among them
        "192.88.99.0/24",  # relays of 6to4
        "64:ff9b:1::/48",  # NAT64 of local use (RFC 8215)
        "2001::/32",  # Teredo: whatever is behind somebody's router
    )
)


def why_not(text: str) -> str | None:
    """Say why we do not connect to this address; None if we may."""
    try:
        address = ip_address(text)
    except ValueError:
        return "no address"
    return _why_not(address)


def _why_not(address: IPv4Address | IPv6Address) -> str | None:
    if isinstance(address, IPv6Address) and (inner := _embedded(address)) is not None:
        return _why_not(inner)
    kinds = {
        "a loopback address": address.is_loopback,
        "an unspecified address": address.is_unspecified,
        "a link-local address": address.is_link_local,
        "a multicast address": address.is_multicast,
        "a private address": address.is_private or _is_near(address),
        "a reserved address": address.is_reserved or not address.is_global,
    }
    return next((kind for kind, is_it in kinds.items() if is_it), None)


def _is_near(address: IPv4Address | IPv6Address) -> bool:
    is_site_local = isinstance(address, IPv6Address) and address.is_site_local
    return is_site_local or any(address in network for network in _NEAR)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that a packet to this one reaches in the end; None if none."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
