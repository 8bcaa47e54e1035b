"""Threads that answer requests; some are kept free of whatever takes long."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress

from listener.web.limits import Priority

Call = Callable[[], None]


class Pool:
    """Runs tasks by priority; one and those below it use so many threads at most.

    A thread begins when more wait than threads are free: most processes never need all of them, and
    each that has worked once keeps some 50 kB.
    """

    def __init__(self, caps: Sequence[int]) -> None:
        self._caps = caps
        self._waiting: list[OrderedDict[Hashable, Call]] = [OrderedDict() for _ in Priority]
        self._running = [0 for _ in Priority]
        self._begun = self._free = 0  # threads
        self._changed = threading.Condition()
        self._is_open = True

    def begin(self) -> None:
        """Start the first thread; call it after any fork. None keeps the process from ending."""
        with self._changed:
            self._begin_one()

    def add(self, priority: Priority, owner: Hashable, job: Call) -> None:
        """Have an owner's job done; it must not raise."""
        with self._changed:
            self._waiting[priority][owner] = job
            self._changed.notify()
            if sum(map(len, self._waiting)) > self._free and self._begun < max(self._caps):
                # Where the system grants no more threads, it waits for those that there are.
                with suppress(RuntimeError):
                    self._begin_one()

    def take_back(self, priority: Priority, owner: Hashable) -> bool:
        """Take an owner's job back; return False where it has begun."""
        with self._changed:
            return self._waiting[priority].pop(owner, None) is not None

    def end(self) -> None:
        """Begin no more jobs."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()

    def _begin_one(self) -> None:
        name = f"request-{self._begun}"
        threading.Thread(target=self._work, name=name, daemon=True).start()
        self._begun += 1

    def _work(self) -> None:
        while (found := self._next()) is not None:
            priority, job = found
            try:
                job()
            finally:
                with self._changed:
                    self._running[priority] -= 1

    def _next(self) -> tuple[Priority, Call] | None:
        with self._changed:
            while self._is_open:
                for priority in Priority:
                    if (
                        self._waiting[priority]
                        and sum(self._running[priority:]) < self._caps[priority]
                    ):
                        self._running[priority] += 1
                        return priority, self._waiting[priority].popitem(last=False)[1]
                self._free += 1
                self._changed.wait()
                self._free -= 1
        return None
