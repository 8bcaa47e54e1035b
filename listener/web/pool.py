"""Threads that answer requests; some are kept free of whatever takes long."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence

from listener.web.limits import Priority

Call = Callable[[], None]


class Pool:
    """Runs tasks by priority; one and those below it use so many threads at most."""

    def __init__(self, caps: Sequence[int]) -> None:
        self._caps = caps
        self._waiting: list[OrderedDict[Hashable, Call]] = [OrderedDict() for _ in Priority]
        self._running = [0 for _ in Priority]
        self._changed = threading.Condition()
        self._is_open = True

    def begin(self) -> None:
        """Start the threads; call it after any fork. None of them keeps the process from ending."""
        for number in range(max(self._caps)):
            threading.Thread(target=self._work, name=f"request-{number}", daemon=True).start()

    def add(self, priority: Priority, owner: Hashable, job: Call) -> None:
        """Have an owner's job done; it must not raise."""
        with self._changed:
            self._waiting[priority][owner] = job
            self._changed.notify()

    def take_back(self, priority: Priority, owner: Hashable) -> bool:
        """Take an owner's job back; return False where it has begun."""
        with self._changed:
            return self._waiting[priority].pop(owner, None) is not None

    def end(self) -> None:
        """Begin no more jobs."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()

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
                self._changed.wait()
        return None
