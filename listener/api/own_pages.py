"""Where people find us, and the pages of what the API tells of."""

from __future__ import annotations

from flask import g, request

from listener.api.caller import reached_at
from listener.api.services import services


def home() -> str:
    """Return our address to hand out; where none is known, the one that whoever asks wrote."""
    return _known() or request.host_url.rstrip("/")


def page_of(promotion_id: int) -> str | None:
    """Return the address of a promotion's page, which asks for a login; None where none is known.

    Where nobody set or taught our address, it is the one by which whoever asks has found us.
    """
    own = _known()
    return f"{own}/promotions/{promotion_id}" if own is not None else None


def _known() -> str | None:
    if "own_address" not in g:  # looked up once, for all promotions of an answer
        g.own_address = services().context.address() or reached_at()
    found: str | None = g.own_address
    return found
