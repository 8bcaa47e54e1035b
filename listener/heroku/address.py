"""What may become part of a request: the url of Heroku, a token, a name in a path."""

from __future__ import annotations

import ipaddress
import re

import httpx

from listener.heroku.errors import BadAnswer, Refused
from listener.heroku.public import why_not

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", re.ASCII)
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


def checked_url(url: str) -> str:
    """Return the url without a trailing slash, if a token may go there. Raises ValueError.

    It must be https, or http on this machine.
    """
    try:
        parts = read_url(url)
    except httpx.InvalidURL as error:
        raise ValueError("Heroku's url is not a url.") from error
    if parts.userinfo or parts.query or parts.fragment or not parts.host:
        raise ValueError("Heroku's url is to be a scheme, a host, and perhaps a port and a path.")
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.host)):
        return str(parts).rstrip("/")
    raise ValueError("Heroku's url must be https, or http on this machine (127.0.0.1, localhost).")


def without_secrets(url: str) -> str:
    """Cut from a url what may hold a password or a token, so that it can be shown."""
    return _QUERY.sub("", _USERINFO.sub("//", url, count=1), count=1)


def checked_stream_url(url: str, *, api_url: str) -> str:
    """Return the url of an output if it is safe to ask. Raises BadAnswer.

    It must be https, or http on loopback where the API itself is there. Whoever knows the url can
    read the output, so no message shows it.
    """
    try:
        parts = read_url(url)
    except httpx.InvalidURL as error:
        raise BadAnswer("Heroku showed an output at what is not a url.") from error
    is_here = is_on_loopback(api_url) and _is_loopback(parts.host)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_here)
    if is_safe and parts.host and not parts.userinfo:
        return str(parts.copy_with(fragment=None))
    raise BadAnswer("Heroku showed an output at a url that is not safe to ask.")


def is_on_loopback(url: str) -> bool:
    """Return whether a url is of this very machine."""
    return _is_loopback(httpx.URL(url).host)


def public_only(found: list[str]) -> list[str]:
    """Return the addresses if all of them are public. Raises OSError."""
    if all(why_not(address) is None for address in found):
        return found
    raise OSError("its address is not a public one")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_token(token: str) -> str:
    """Return the token if a header can carry it. Raises ValueError."""
    if _TOKEN.fullmatch(token):
        return token
    raise ValueError("A Heroku token is one word of ASCII characters.")


def is_name(name: str) -> bool:
    """Return whether it may be an id or a name as part of a path."""
    return _NAME.fullmatch(name) is not None


def checked_name(name: str, *, of: str) -> str:
    """Return the id or name if it fits a path; else raise Refused, as a 404 of Heroku's."""
    if is_name(name):
        return name
    raise Refused(f"Couldn't find that {of}.", status=404, id="not_found")
