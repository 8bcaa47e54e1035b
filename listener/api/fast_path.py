"""Deliveries that are plainly right are stored and answered together, without Flask.

Whatever else may be wrong with one, or go wrong, the view says: it is given back.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial

from listener.api import middleware
from listener.api.caller import CAME_BY, last_of
from listener.api.early import DOOR
from listener.api.metrics import Metrics
from listener.heroku import HEADER
from listener.services.deliveries import Inbox
from listener.services.delivery_writer import Secrets, late
from listener.web.fast_path import FastRequest


class FastDeliveries:
    """Stores deliveries of Heroku's; the answers are those that the view would give."""

    def __init__(self, inbox: Inbox, metrics: Metrics, public_url: str | None) -> None:
        self._inbox = inbox
        self._metrics = metrics
        self._public_url = public_url

    def take(self, requests: Sequence[FastRequest]) -> None:
        """Begin to store these; give back what the view should look at."""
        plain: list[FastRequest] = []
        for each in requests:
            if _is_plain(each):
                plain.append(each)
            else:
                each.give_back()
        stored = self._inbox.submit([(each.body, _said(each, HEADER)) for each in plain])
        for each, answer in zip(plain, stored, strict=False):
            each.kept = answer
            answer.add_done_callback(partial(self._finish, each))
        for each in plain[len(stored) :]:  # there was no room for them
            each.give_back()

    def give_up(self, request: FastRequest) -> None:
        """Say that it took too long, unless nobody has begun to store it: the view may, in time."""
        if request.kept is None or not request.kept.cancel():
            request.give_back(late())

    def _finish(self, request: FastRequest, stored: Future[Secrets | None]) -> None:
        """Tell Heroku what came of it, in the thread that stores."""
        if stored.cancelled():
            request.give_back()
        elif (error := stored.exception()) is not None:
            request.give_back(error if isinstance(error, Exception) else None)
        elif stored.result() is not None:
            request.give_back()
        else:
            self._accept(request)

    def _accept(self, request: FastRequest) -> None:
        if request.is_over:  # it was told that it took too long
            return
        request_id = middleware.id_from(_said(request, middleware.GIVEN))
        is_https = (self._public_url or f"{_came_by(request)}:").startswith("https:")
        headers = middleware.safe_headers(request_id, is_https=is_https)
        request.answer("204 NO CONTENT", [*headers.items(), ("Cache-Control", "no-store")])
        seconds = time.perf_counter() - request.began_at
        self._metrics.count(DOOR, "POST", 204, seconds=seconds)
        middleware.note("POST", DOOR, 204, seconds=seconds, request_id=request_id, size=0)


def _is_plain(request: FastRequest) -> bool:
    return (
        request.request.method == "POST"
        and not request.request.query
        and _came_by(request) != "http"
    )


def _came_by(request: FastRequest) -> str:
    return last_of(_said(request, CAME_BY))


def _said(request: FastRequest, header: str) -> str:
    return ",".join(request.headers.get(header.upper(), ()))
