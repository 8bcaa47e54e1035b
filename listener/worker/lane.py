"""Threads that take steps: never more than half of them for what was slow the last time."""

from __future__ import annotations

import math
import queue as threads_queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from listener.db import queue
from listener.db.queue import Share
from listener.inventory.context import Clock, Context
from listener.worker import handlers, report_troubles
from listener.worker.heartbeat import Pulse
from listener.worker.job import NextStep
from listener.worker.queues import PROMOTING, Asked, Queue

log = structlog.get_logger()

DATABASE_PAUSE_SECONDS = 1.0
QUICK_SECONDS = 1.0
LONG_SECONDS = 0.25  # a step that runs for so long may be one of a slow app


class Pace:
    """Which subjects were slow to answer the last time, and which quick, by who was asked.

    Of Heroku it knows each answer. Who else was asked is as slow as the step: to be short of time
    ourselves makes nobody slow whose answer was quick.
    """

    def __init__(self, heroku: Mapping[str, float]) -> None:
        self._others: dict[str, float] = {}
        self._took: dict[Asked, Mapping[str, float]] = {"heroku": heroku, "urls": self._others}

    def note(self, work_queue: Queue, claim: queue.Claim, seconds: float) -> None:
        """Record how long a step took."""
        if work_queue.asks == "urls" and (subject := work_queue.subject_of(claim)) is not None:
            self._others[subject] = seconds

    def slow(self, work_queue: Queue) -> set[str]:
        """Return the subjects that were slow."""
        known = list(self._took[work_queue.asks].items())  # at once, for others write to it
        return {subject for subject, seconds in known if seconds > QUICK_SECONDS}

    def is_quick(self, work_queue: Queue, claim: queue.Claim) -> bool:
        """Return whether what this work is about was quick the last time, as far as is known."""
        subject = work_queue.subject_of(claim) or ""
        return self._took[work_queue.asks].get(subject, math.inf) <= QUICK_SECONDS


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Claimed work on its way to a thread."""

    work_queue: Queue
    claim: queue.Claim
    begun: float = field(default_factory=time.monotonic)


class Lane:
    """Threads that take steps of the same queues; `most_slow` of them work for slow subjects."""

    def __init__(
        self,
        context: Context,
        queues: Sequence[Queue],
        names: Sequence[str],
        pulse: Pulse,
        freed: Callable[[], None],
    ) -> None:
        self.queues = tuple(queues)
        self.most_slow = max(len(names) // 2, 1)
        self.pace = Pace(context.heroku.took)
        self._context = context
        self._pulse = pulse
        self._freed = freed
        self._tasks: threads_queue.SimpleQueue[Task | None] = threads_queue.SimpleQueue()
        self._busy: dict[str, Task] = {}
        self._coming: list[Task] = []  # claimed, and no thread has them yet
        self._lock = threading.Lock()
        self._is_stopping = threading.Event()
        works_on = self.queues[0].name
        self.threads = {
            pulse.add(works_on): threading.Thread(target=self._run, name=name, daemon=True)
            for name in names
        }
        self._owners = iter(self.threads)

    def start(self) -> None:
        """Start the threads."""
        for thread in self.threads.values():
            thread.start()

    def stop(self) -> None:
        """Give back what no thread took yet; the steps at hand still finish."""
        self._is_stopping.set()
        for _ in self.threads:
            self._tasks.put(None)

    @property
    def free(self) -> int:
        """How many threads have nothing to do."""
        with self._lock:
            return len(self.threads) - len(self._busy) - len(self._coming)

    def share(self, work_queue: Queue) -> Share:
        """Tell of which subjects how many more may be worked for.

        Few of those that were slow; none of those that are worked for just now: an app that was
        quick may hang from this moment on, and more work for it would only wait as well.
        """
        tasks = self._tasks_now()
        at_work = _subjects(tasks, work_queue)
        slow = self.pace.slow(work_queue)
        most = max(min(self.most_slow - sum(map(self._may_be_slow, tasks)), self.free), 0)
        return Share(work_queue.subject, sorted(slow | at_work), sorted(slow - at_work), most)

    def at_work(self, work_queue: Queue) -> set[str]:
        """Return the subjects that threads work for just now, as far as the same is asked."""
        return _subjects(self._tasks_now(), work_queue)

    def _tasks_now(self) -> list[Task]:
        with self._lock:
            return [*self._coming, *self._busy.values()]

    def _may_be_slow(self, task: Task) -> bool:
        is_long = time.monotonic() - task.begun > LONG_SECONDS
        return is_long or not self.pace.is_quick(task.work_queue, task.claim)

    def idle(self) -> list[str]:
        """Return the names of the runners that wait for work."""
        with self._lock:
            return [name for name in self.threads if name not in self._busy]

    def expect(self, task: Task) -> None:
        """Keep a thread free for a step that is claimed once its transaction commits."""
        with self._lock:
            self._coming.append(task)

    def forget(self, task: Task) -> None:
        """Expect it no more: it was not claimed after all."""
        with self._lock:
            self._coming.remove(task)

    def hand(self, task: Task) -> None:
        """Have a thread take the step that is expected."""
        self._tasks.put(task)

    def _run(self) -> None:
        with self._lock:
            name = next(self._owners)
        while (task := self._tasks.get()) is not None:
            with self._lock:
                self._coming.remove(task)
                self._busy[name] = task
            try:
                self._take(name, task)
            except (DBAPIError, PoolTimeout) as error:
                say_unavailable(error)
                self._is_stopping.wait(DATABASE_PAUSE_SECONDS)
            except Exception:  # without its threads a process would promote nothing, silently
                log.exception("runner_broken")
                self._is_stopping.wait(DATABASE_PAUSE_SECONDS)
            finally:
                with self._lock:
                    self._busy.pop(name, None)
                self._pulse.round_made(name)
                self._freed()

    def _take(self, name: str, task: Task) -> None:
        """Take the step, and the first step of what it made."""
        if self._is_stopping.is_set():
            self._give_back(task.claim)
            return
        following = self._step(task.work_queue, task.claim)
        if following is None:
            return
        if self._is_stopping.is_set() or not self._may_go_on(following):
            self._give_back(following.claim)
            return
        with self._lock:
            self._busy[name] = Task(PROMOTING[0], following.claim)
        self._step(PROMOTING[0], following.claim, following)

    def _may_go_on(self, following: NextStep) -> bool:
        subject, share = PROMOTING[0].subject_of(following.claim), self.share(PROMOTING[0])
        return subject not in share.slow or (share.most_slow > 0 and subject in share.few)

    def _give_back(self, claim: queue.Claim) -> None:
        with self._context.database.begin() as conn:
            queue.give_back(conn, claim)

    def _step(
        self, work_queue: Queue, claim: queue.Claim, step: NextStep | None = None
    ) -> NextStep | None:
        begun = time.monotonic()
        following: NextStep | None = None
        try:
            if step is not None:
                handlers.go_on(self._context, step)
            else:
                following = work_queue.step(self._context, claim, Clock(claim.claimed_at))
            outcome = "done"
            if claim.attempt > 1:  # perhaps it broke the last time
                report_troubles.mended(self._context, work_queue.name, claim)
        except queue.LeaseLost:
            outcome = "lease_lost"
        except Exception as error:  # a broken step must not end the loop; it is logged whole
            log.exception("step_broken", work=work_queue.name, key=claim.key, attempt=claim.attempt)
            outcome = "broken"
            with self._context.database.begin() as conn:
                queue.postpone(conn, claim, work_queue.kind, handlers.pause_after(claim))
                report_troubles.note_break(conn, work_queue.name, claim, error)
        seconds = time.monotonic() - begun
        self.pace.note(work_queue, claim, seconds)
        spent = round(seconds * 1000)
        log.info("step", work=work_queue.name, key=claim.key, outcome=outcome, ms=spent)
        return following


def _subjects(tasks: Sequence[Task], work_queue: Queue) -> set[str]:
    like = [task for task in tasks if task.work_queue.asks == work_queue.asks]
    return set(filter(None, (task.work_queue.subject_of(task.claim) for task in like)))


def say_unavailable(error: DBAPIError | PoolTimeout) -> None:
    """Log that the database cannot be used now."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    log.warning("database_unavailable", error=type(error).__name__, sqlstate=state)
