"""Deliveries that are plainly right are stored and answered together, without Flask.

Whatever else may be wrong with one, or go wrong, the view says: it is given back.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from listener.api import middleware
from listener.api.caller import CAME_BY, last_of
from listener.api.early import DOOR
from listener.api.metrics import Metrics
from listener.heroku import HEADER
from listener.services.deliveries import Inbox
from listener.services.delivery_writer import SignedArrival, late
from listener.web.fast_path import Brief, FastRequest


class FastDeliveries:
    """Stores deliveries of Heroku's; the answers are those that the view would give."""

    def __init__(self, inbox: Inbox, metrics: Metrics, public_url: str | None) -> None:
        self._inbox = inbox
        self._metrics = metrics
        self._public_url = public_url

    def take(self, requests: Sequence[FastRequest]) -> None:
        """Begin to store these; the view gets what is not plainly right, or has no room here."""
        good = [(each, signed) for each in requests if (signed := self._signed(each)) is not None]
        stored = self._inbox.submit([signed for _, signed in good])
        for (each, _), answer in zip(good, stored, strict=False):
            each.kept = answer
            answer.add_done_callback(partial(_say_done, each))
        for each in requests:
            if each.kept is None:
                each.done()

    def finish(self, request: FastRequest) -> Brief | Exception | None:
        """Return what Heroku is told of a delivery: the view's answer, once it is stored."""
        if request.kept is None:
            return None
        if isinstance(error := request.kept.exception(), Exception):
            return error
        return self._accepted(request) if request.kept.result() is None else None

    def give_up(self, request: FastRequest) -> Exception | None:
        """Say that it took too long, unless nobody has begun to store it: the view may, in time."""
        return late() if request.kept is not None and not request.kept.cancel() else None

    def _signed(self, request: FastRequest) -> SignedArrival | None:
        asked = request.request
        if asked.method != "POST" or asked.query or _came_by(request) == "http":
            return None
        return self._inbox.sign(request.body, _said(request, HEADER))

    def _accepted(self, request: FastRequest) -> Brief:
        request_id = middleware.id_from(_said(request, middleware.GIVEN))
        headers = middleware.safe_headers(request_id, self._public_url, _came_by(request))
        seconds = time.perf_counter() - request.began_at
        self._metrics.count(DOOR, "POST", 204, seconds=seconds)
        middleware.note("POST", DOOR, 204, seconds=seconds, request_id=request_id, size=0)
        return Brief("204 NO CONTENT", [*headers.items(), ("Cache-Control", "no-store")])


def _say_done(request: FastRequest, _: object) -> None:
    request.done()


def _came_by(request: FastRequest) -> str:
    return last_of(_said(request, CAME_BY))


def _said(request: FastRequest, header: str) -> str:
    return ",".join(request.headers.get(header.upper(), ()))
