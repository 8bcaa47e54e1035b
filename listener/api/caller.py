"""Where a request came from, as far as that can be known."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from flask import request

from listener.api.services import services
from listener.services.caller import Caller

FORWARDED = "X-Forwarded-For"


def caller() -> Caller:
    """Return from which address the request came, and when."""
    return Caller(address(), services().now())


def address() -> str | None:
    """Return the address of the client; None where nobody tells one.

    Heroku's router adds the address that it sees at the end (HTTP routing: X-Forwarded-For); what
    stands before it is the client's own word.
    """
    said = request.headers.get(FORWARDED, "").rpartition(",")[2].strip()
    try:
        found = ip_address(said or request.remote_addr or "")
    except ValueError:
        return None
    # A socket that takes both kinds shows those of the old one as ::ffff:192.0.2.1.
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)
