"""What Heroku does later by itself: second events, ends of release phases."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from threading import Condition, Event, Thread

from emulator.clock import Clock


@dataclass(frozen=True, order=True)
class Entry:
    """A scheduled action; of two at the same time, the first added goes first."""

    due_at: datetime
    number: int
    is_soon: bool = field(compare=False)
    action: Callable[[], object] = field(compare=False)


class Timetable:
    """Runs scheduled actions when they are due, one after another, under the world's lock."""

    def __init__(self, clock: Clock, changed: Condition, closing: Event) -> None:
        self._clock = clock
        self._changed = changed
        self._closing = closing
        self._entries: list[Entry] = []
        self._numbers = count()
        self._thread: Thread | None = None

    def at(self, due_at: datetime, action: Callable[[], object], *, is_soon: bool = True) -> None:
        """Schedule an action; `is_quiet` ignores one with `is_soon=False`, which may be far off."""
        with self._changed:
            heapq.heappush(self._entries, Entry(due_at, next(self._numbers), is_soon, action))
            self._changed.notify_all()
            if self._thread is None:
                self._thread = Thread(target=self._run, name="timetable", daemon=True)
                self._thread.start()

    def is_quiet(self) -> bool:
        """Return whether nothing is scheduled that will happen soon."""
        return not any(entry.is_soon for entry in self._entries)

    def times(self) -> list[datetime]:
        """Return when the scheduled actions are due."""
        return [entry.due_at for entry in self._entries]

    def _run(self) -> None:
        with self._changed:
            try:
                while self._entries and not self._closing.is_set():
                    self._step()
            finally:
                self._thread = None

    def _step(self) -> None:
        first = self._entries[0]
        if first.due_at > self._clock.now():
            self._clock.wait(self._changed, first.due_at)
            return
        heapq.heappop(self._entries)
        first.action()
        self._changed.notify_all()
