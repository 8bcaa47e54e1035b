"""Passes: by which row somebody looks at a page that asks each second, and whether it is good."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection

EVERY = 0.5  # seconds: so long a row that was ended may go on
MOST = 1000  # looked after; whoever is not, is asked for anew


class Passes:
    """Knows which rows are still good; threads share it.

    However many look, the database is asked for all of them at once, and twice a second at most:
    by one of them. While it takes long, the others are answered from what is known.
    """

    def __init__(
        self,
        ask: Callable[[Collection[str]], Collection[str]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._good: OrderedDict[str, None] = OrderedDict()
        self._asked_at = 0.0
        self._is_asking = False

    def note(self, id: str) -> None:
        """Remember that this row is good, as was just read."""
        with self._lock:
            self._good[id] = None
            self._good.move_to_end(id)
            while len(self._good) > MOST:
                self._good.popitem(last=False)

    def is_good(self, id: str) -> bool:
        """Return whether this row is good; not of one that was not noted."""
        now = self._clock()
        with self._lock:
            is_due = not self._is_asking and now - self._asked_at >= EVERY
            known = list(self._good) if is_due else []
            self._is_asking = self._is_asking or bool(known)
        if known:
            self._ask_for(known, now)
        with self._lock:
            return id in self._good

    def _ask_for(self, known: Collection[str], now: float) -> None:
        try:
            good = set(self._ask(known))
            with self._lock:
                self._asked_at = now
                for each in known:
                    if each not in good:
                        self._good.pop(each, None)
        finally:
            with self._lock:
                self._is_asking = False
