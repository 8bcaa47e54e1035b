"""Where people find the pages of what the API tells of."""

from __future__ import annotations

from flask import g

from listener.api.caller import reached_at
from listener.api.services import services


def page_of(promotion_id: int) -> str | None:
    """Return the address of a promotion's page, which asks for a login; None where none is known.

    Where nobody set or taught our address, it is the one by which whoever asks has found us.
    """
    if "own_address" not in g:  # looked up once, for all promotions of an answer
        g.own_address = services().context.address() or reached_at()
    own = g.own_address
    return f"{own}/promotions/{promotion_id}" if own is not None else None
