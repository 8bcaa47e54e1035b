"""The outputs service: what the release phase of a promotion printed, piece by piece.

Whoever knows Heroku's URL of an output can read it, so the URL never leaves this process. It is
kept for a while, so that following an output costs one call to Heroku's API.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from threading import BoundedSemaphore

from listener.core.promotion import Status
from listener.db import apps
from listener.db.promotions import PromotionRow
from listener.errors import Busy
from listener.heroku import Piece
from listener.inventory.context import Context
from listener.services import promotions
from listener.services.heroku_calls import HerokuCall

AT_ONCE = 2  # a piece may take some seconds, and threads are few
URL_SECONDS, NO_URL_SECONDS = 600.0, 10.0
MOST_URLS = 100
TO_COME = frozenset({Status.WAITING, Status.POSTING, Status.RELEASING})
NOTHING = "No output was read."


@dataclass(frozen=True, slots=True)
class OutputView:
    """A piece of an output: where to read on, and whether anything may follow."""

    offset: int
    text: str
    is_over: bool
    release_id: str | None
    version: int | None
    message: str | None = None  # why there is no text, where it has a reason


@dataclass(frozen=True, slots=True)
class _KnownUrl:
    url: str | None = field(repr=False)
    until: float


class OutputsDesk:
    """Reads outputs from Heroku for those who follow a promotion."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._urls: dict[str, _KnownUrl] = {}
        self._places = BoundedSemaphore(AT_ONCE)

    def of(self, context: Context) -> OutputsDesk:
        """Return the same for whoever this context is of."""
        same = copy(self)
        same._context = context  # noqa: SLF001 - of its own kind
        return same

    def read(self, promotion_id: str, offset: int) -> OutputView:
        """Read what the release phase printed, from a byte offset on. Raises NotFound, Busy."""
        with self._context.database.begin() as conn:
            row = promotions.find(self._context, conn, promotion_id)
            target = apps.get(conn, row.target_id).name
        if row.target_release_id is None:
            return _view(row, Piece(offset), f"Promotion {row.id} is {row.status}: no release yet.")
        return _view(row, *self.piece(row, target, row.target_release_id, offset))

    def piece(
        self,
        row: PromotionRow,
        target: str,
        release_id: str,
        offset: int,
        seconds: float | None = None,
    ) -> tuple[Piece, str | None]:
        """Read some bytes of the output, and why there are none where that has a reason.

        Raises Busy, HerokuUnreadable.
        """
        with self._place():
            return self._piece(row, target, release_id, offset, seconds)

    def _piece(
        self,
        row: PromotionRow,
        target: str,
        release_id: str,
        offset: int,
        seconds: float | None,
    ) -> tuple[Piece, str | None]:
        ask = HerokuCall(NOTHING)
        what = f"{target} v{row.target_version}"
        url = self._url(ask, row.target_id, release_id)
        if url is None:
            return Piece(offset, is_end=True), f"{what} has no release phase output."
        piece = ask(self._context.heroku.output, url, offset, seconds=seconds)
        if piece.has_begun:
            return piece, None
        if row.status in TO_COME:
            return piece, f"The release command of {what} has not started yet."
        return piece, f"Heroku shows no output of {what} (any more)."

    def _url(self, ask: HerokuCall, app_id: str, release_id: str) -> str | None:
        known = self._urls.get(release_id)
        if known is None or known.until < time.monotonic():
            release = ask(self._context.heroku.release, app_id, release_id)
            seconds = URL_SECONDS if release.output_stream_url else NO_URL_SECONDS
            known = _KnownUrl(release.output_stream_url, time.monotonic() + seconds)
            if len(self._urls) >= MOST_URLS:
                self._urls.clear()
            self._urls[release_id] = known
        return known.url or None

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise Busy("Others are just reading outputs. Try again in a moment.")
        try:
            yield
        finally:
            self._places.release()


def is_last(row: PromotionRow, piece: Piece) -> bool:
    """Return whether nothing may follow this piece."""
    return row.status not in TO_COME and (piece.is_end or not piece.content)


def _view(row: PromotionRow, piece: Piece, message: str | None = None) -> OutputView:
    is_over = is_last(row, piece)
    text, offset = piece.text(is_last=is_over)
    return OutputView(offset, text, is_over, row.target_release_id, row.target_version, message)
