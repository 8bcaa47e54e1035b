"""What a promotion brings or misses besides its commits: processes, and names of config vars.

Pages ask for it each time somebody looks. All share what was read: names for two minutes, a slug,
which never changes, for an hour, an error for half a minute. Nobody waits long: what is not there
in time is shown the next time.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from threading import BoundedSemaphore
from typing import Any, TypeVar

from listener.core.parity import lacking, set_config
from listener.db.promotions import PromotionRow
from listener.errors import Busy, HerokuUnreadable
from listener.heroku import Heroku, Slug
from listener.inventory.shared import SharedAnswers
from listener.services.heroku_calls import HerokuCall

Answer = TypeVar("Answer")
NAMES_FOR, SLUGS_FOR, FAILED_FOR = 120.0, 3600.0, 30.0  # seconds
WAIT = 1.0
AT_ONCE, MOST_ASKED = 4, 16
PHASE = "release"  # a process that is run once, before the others


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes of what ships, against those of what runs."""

    kept: tuple[str, ...]
    added: tuple[str, ...]
    dropped: tuple[str, ...]
    has_phase: bool


@dataclass(frozen=True, slots=True)
class Brings:
    """What is known of it; None for what is not."""

    missing: tuple[str, ...] | None = None  # names of config vars of the source
    mend: str = ""
    processes: Processes | None = None


@dataclass(frozen=True, slots=True)
class Runs:
    """A slug, and the app that it was built on: Heroku shows it there."""

    app_id: str
    artifact: str


class BringsDesk:
    """Reads it from Heroku; threads share it."""

    def __init__(self, heroku: Heroku) -> None:
        self._heroku = heroku
        shared = partial(SharedAnswers, lambda: 0, failed_for=FAILED_FOR)
        self._names, self._slugs = shared(seconds=NAMES_FOR), shared(seconds=SLUGS_FOR)
        self._pool = ThreadPoolExecutor(max_workers=AT_ONCE)
        self._places = BoundedSemaphore(MOST_ASKED)

    def read(self, row: PromotionRow, target: str, runs: Runs | None) -> Brings:
        """Return what is known within a second."""
        names, slugs = HerokuCall("", shared=self._names), HerokuCall("", shared=self._slugs)
        ours, theirs = (
            self._begin(partial(names, self._heroku.config_var_names, app))
            for app in (row.source_id, row.target_id)
        )
        new, old = (
            self._begin(partial(slugs, self._heroku.slug, each.app_id, each.artifact))
            if each is not None
            else None
            for each in (Runs(row.source_id, row.artifact), runs)
        )
        begun: list[Future[Any]] = [each for each in (ours, theirs, new, old) if each is not None]
        wait(begun, timeout=WAIT)
        missing = _missing(_told(ours), _told(theirs))
        return Brings(
            missing=missing,
            mend=set_config(missing, target) if missing else "",
            processes=_compared(_told(new), _told(old)),
        )

    def _begin(self, call: Callable[[], Answer]) -> Future[Answer] | None:
        """Begin to ask; None where too much is under way."""
        if not self._places.acquire(blocking=False):
            return None
        begun = self._pool.submit(call)
        begun.add_done_callback(lambda _: self._places.release())
        return begun


def _missing(ours: Set[str] | None, theirs: Set[str] | None) -> tuple[str, ...] | None:
    return tuple(lacking(ours, theirs)) if ours is not None and theirs is not None else None


def _told(begun: Future[Answer] | None) -> Answer | None:
    """Return the answer, if it came in time and is one."""
    if begun is None or not begun.done():
        return None
    try:
        return begun.result()
    except (HerokuUnreadable, Busy):
        return None


def _compared(new: Slug | None, old: Slug | None) -> Processes | None:
    if new is None or old is None:
        return None
    ours, theirs = set(new.process_types), set(old.process_types)
    return Processes(
        kept=tuple(sorted(ours & theirs - {PHASE})),
        added=tuple(sorted(ours - theirs - {PHASE})),
        dropped=tuple(sorted(theirs - ours - {PHASE})),
        has_phase=PHASE in ours,
    )
