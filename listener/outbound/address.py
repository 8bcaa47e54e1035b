"""Where a request may go, and what of an address may be shown."""

from __future__ import annotations

import ipaddress
import re

import httpx

from listener.outbound.public import why_not

_USERINFO = re.compile(r"//[^/?#]*@")
_QUERY = re.compile(r"[?][^#]*")
_TOKEN = re.compile(r"[!-~]+", re.ASCII)


def read_url(url: str) -> httpx.URL:
    """Return a url whose host can be read, too. Raises httpx.InvalidURL.

    To read a host decodes its IDNA, whose error would be another one, and come later.
    """
    try:
        parts = httpx.URL(url)
        _ = parts.host
    except UnicodeError as error:
        raise httpx.InvalidURL(str(error)) from error
    return parts


def checked_url(url: str, *, of: str) -> str:
    """Return the url of a server, without a trailing slash, if a token may go there.

    Raises ValueError. It must be https, or http on this machine.
    """
    try:
        parts = read_url(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"{of}'s url is not a url.") from error
    if parts.userinfo or parts.query or parts.fragment or not parts.host:
        raise ValueError(f"{of}'s url is to be a scheme, a host, and perhaps a port and a path.")
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.host)):
        return str(parts).rstrip("/")
    raise ValueError(f"{of}'s url must be https, or http on this machine (127.0.0.1, localhost).")


def without_secrets(url: str) -> str:
    """Cut from a url what may hold a password or a token, so that it can be shown."""
    return _QUERY.sub("", _USERINFO.sub("//", url, count=1), count=1)


def is_on_loopback(url: str) -> bool:
    """Return whether a url's host is this very machine."""
    return is_loopback(httpx.URL(url).host)


def public_only(found: list[str]) -> list[str]:
    """Return the addresses if all of them are public. Raises OSError."""
    if all(why_not(address) is None for address in found):
        return found
    raise OSError("its address is not a public one")


def is_loopback(host: str) -> bool:
    """Return whether a host is this very machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_token(token: str, *, of: str) -> str:
    """Return the token if a header can carry it. Raises ValueError."""
    if _TOKEN.fullmatch(token):
        return token
    raise ValueError(f"A {of} token is one word of ASCII characters.")
