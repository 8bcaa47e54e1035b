"""What Heroku's own addresses may be: of an output, and names in a path."""

from __future__ import annotations

import re

import httpx

from listener.heroku.errors import BadAnswer, Refused
from listener.outbound.address import is_loopback, is_on_loopback, read_url

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", re.ASCII)


def checked_stream_url(url: str, *, api_url: str) -> str:
    """Return the url of an output if it is safe to ask. Raises BadAnswer.

    It must be https, or http on loopback where the API itself is there. Whoever knows the url can
    read the output, so no message shows it.
    """
    try:
        parts = read_url(url)
    except httpx.InvalidURL as error:
        raise BadAnswer("Heroku showed an output at what is not a url.") from error
    is_here = is_on_loopback(api_url) and is_loopback(parts.host)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_here)
    if is_safe and parts.host and not parts.userinfo:
        return str(parts.copy_with(fragment=None))
    raise BadAnswer("Heroku showed an output at a url that is not safe to ask.")


def is_name(name: str) -> bool:
    """Return whether it may be an id or a name as part of a path."""
    return _NAME.fullmatch(name) is not None


def checked_name(name: str, *, of: str) -> str:
    """Return the id or name if it fits a path; else raise Refused, as a 404 of Heroku's."""
    if is_name(name):
        return name
    raise Refused(f"Couldn't find that {of}.", status=404, id="not_found")
