"""What pages that are looked at need to know: whether anything may have changed since."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

MOST_KEPT = 1000
HEARD_FOR = 5.0  # seconds that an answer stands while no NOTIFY came; not every change is told
UNHEARD_FOR = 1.0  # the same in a process that does not listen


@dataclass(frozen=True, slots=True)
class _Answered:
    """What somebody was answered last, by what, and how many changes were known then."""

    tag: str
    number: int
    by: str
    at: float


class Changes:
    """Counts the changes that this process hears of; threads share it.

    So whoever asks for the same again is told that nothing changed without any database.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = 0
        self._is_listening = False
        self._answered: OrderedDict[Hashable, _Answered] = OrderedDict()

    def heard(self) -> None:
        """Count a change; who calls this listens to all of them."""
        with self._lock:
            self._number += 1
            self._is_listening = True

    @property
    def number(self) -> int:
        """How many changes are known; read it before what may have changed."""
        return self._number

    def note(self, key: Hashable, tag: str, number: int, by: str) -> None:
        """Remember what this key was answered, from what was read after so many changes.

        `by` is the session that let it be seen.
        """
        with self._lock:
            self._answered[key] = _Answered(tag, number, by, time.monotonic())
            self._answered.move_to_end(key)
            while len(self._answered) > MOST_KEPT:
                self._answered.popitem(last=False)

    def same(self, key: Hashable, tag: str) -> str | None:
        """Return by which session this key was answered, if it would be answered the same again.

        As far as is known; and if that session is still good, which is not known here.
        """
        with self._lock:
            found = self._answered.get(key)
            if found is None or found.tag != tag:
                return None
            return found.by if self._stands(found.number, found.at) else None

    def stands(self, number: int, at: float) -> bool:
        """Return whether what was read then, by the monotonic clock, still stands.

        As far as is known; `number` are the changes that were known before.
        """
        with self._lock:
            return self._stands(number, at)

    def _stands(self, number: int, at: float) -> bool:
        lasts = HEARD_FOR if self._is_listening else UNHEARD_FOR
        return number == self._number and time.monotonic() - at < lasts
