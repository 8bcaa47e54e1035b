"""Where a request came from, as far as that can be known."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address

from flask import request

from listener.api.services import services
from listener.services.caller import Caller

FORWARDED = "X-Forwarded-For"
CAME_BY = "X-Forwarded-Proto"
_NAME = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


def caller() -> Caller:
    """Return from which address the request came, and when."""
    return Caller(address(), services().now())


def address() -> str | None:
    """Return the address of the client; None where nobody tells one.

    Heroku's router adds the address that it sees at the end (HTTP routing: X-Forwarded-For); what
    stands before it is the client's own word.
    """
    said = last_of(request.headers.get(FORWARDED, ""))
    try:
        found = ip_address(said or request.remote_addr or "")
    except ValueError:
        return None
    # A socket that takes both kinds shows those of the old one as ::ffff:192.0.2.1.
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)


def came_by() -> str:
    """Return `https` or `http`, as the router says the request came; empty where nobody says."""
    return last_of(request.headers.get(CAME_BY, ""))


def last_of(said: str) -> str:
    """Return the last of a header's words: what the router says, behind what it was sent."""
    return said.rpartition(",")[2].strip()


def reached_at() -> str | None:
    """Return the https URL by which the request found us; None where it is no plain one."""
    host = request.headers.get("Host", "").lower()
    return f"https://{host}" if came_by() == "https" and _NAME.fullmatch(host) else None
