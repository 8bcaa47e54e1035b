"""Threads that answer requests; some are kept free of whatever takes long."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence

from listener.web.limits import Priority

Call = Callable[[], None]


class Pool:
    """Runs tasks by priority; one and those below it use so many threads at most.

    One more thread than ever worked at once has begun: most processes never need all of them, and
    each that has worked once keeps some 50 kB.
    """

    def __init__(self, caps: Sequence[int]) -> None:
        self._caps = caps
        self._waiting: list[OrderedDict[Hashable, Call]] = [OrderedDict() for _ in Priority]
        self._running = [0 for _ in Priority]
        self._begun = 0  # threads
        self._changed = threading.Condition()
        self._is_open = True

    def begin(self) -> None:
        """Start the first thread; call it after any fork. None keeps the process from ending."""
        self._begun = 1
        self._start(0)

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

    def _start(self, number: int) -> None:
        threading.Thread(target=self._work, name=f"request-{number}", daemon=True).start()

    def _begin_spare(self) -> None:
        """Where all threads work, begin one more.

        Not where a job is added: to begin one takes a turn of the interpreter, or several, for
        which all connections would wait.
        """
        with self._changed:
            number = self._begun
            if sum(self._running) < number or number >= max(self._caps):
                return
            self._begun += 1
        try:
            self._start(number)
        except RuntimeError:  # no more are granted: jobs wait for those that there are
            with self._changed:
                self._begun -= 1

    def _work(self) -> None:
        while (found := self._next()) is not None:
            priority, job = found
            self._begin_spare()
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
