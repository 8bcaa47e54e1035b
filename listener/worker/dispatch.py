"""One thread that wakes for what is due, claims it, and hands it to threads that are free.

NOTIFY tells it within milliseconds what may be due; what a NOTIFY missed, a poll finds.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterable, Sequence

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from listener.db import queue
from listener.db.queue import EVERYTHING, NotificationListener
from listener.inventory.context import Context
from listener.worker.heartbeat import Pulse
from listener.worker.lane import DATABASE_PAUSE_SECONDS, Lane, Task, say_unavailable
from listener.worker.queues import Queue

log = structlog.get_logger()

POLL_SECONDS = 2.0
# After work was handed out, or done, all queues are asked when they are due.
AFTER_WORK_SECONDS = 0.25
SOON_SECONDS = 0.02  # what had to wait for a thread is tried so long after one is free
# The longest pause, while an app is told about again and again: one look settles all that came.
LONGEST_SECONDS = 0.08
CROWD_SECONDS = 0.25  # after so long without, the next one is soon again


class Dispatcher:
    """Claims for all lanes of a process, and only as much as their threads can begin at once."""

    def __init__(
        self,
        context: Context,
        lanes: Sequence[Lane],
        ear: NotificationListener,
        owner: str,
        pulse: Pulse,
    ) -> None:
        self.thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)
        self._context = context
        self._lanes = {work_queue: lane for lane in lanes for work_queue in lane.queues}
        self._ear = ear
        self._owner = owner
        self._pulse = pulse
        self._stopping = threading.Event()
        self._ripe: list[Queue] = list(self._lanes)  # something may be due; the longest first
        self._held_back: set[Queue] = set()  # more may be due, for what is worked for or slow
        self._told_again: set[str] = set()  # the subjects for which these were told meanwhile
        self._pause = SOON_SECONDS
        self._freed_at = math.inf  # when to try these again
        self._tried_at = -math.inf  # when that was the last time
        self._ask_at = 0.0
        self._is_asked = False  # all queues were, since work was handed out

    def start(self) -> None:
        """Start the thread."""
        self.thread.start()

    def stop(self) -> None:
        """Claim nothing more."""
        self._stopping.set()
        self._ear.ring()

    def _run(self) -> None:
        while not self._stopping.is_set():
            heard = self._ear.count
            try:
                seconds = self._round()
            except (DBAPIError, PoolTimeout) as error:
                say_unavailable(error)
                self._rest()
            except Exception:  # without its threads a process would promote nothing, silently
                log.exception("runner_broken")
                self._rest()
            else:
                self._ear.wait(heard, seconds)

    def _rest(self) -> None:
        self._ripe = list(self._lanes)
        self._stopping.wait(DATABASE_PAUSE_SECONDS)

    def _round(self) -> float:
        """Hand out what is due; return in how many seconds to look again without being told."""
        self._listen()
        if possible := [each for each in self._ripe if self._lanes[each].free]:
            self._hand_out(possible)
            self._ask_after_work()
        if time.monotonic() >= self._ask_at:
            self._ask_when_due()
        if any(self._lanes[each].free for each in self._ripe):
            return 0.0
        return max(min(self._ask_at, self._freed_at) - time.monotonic(), 0.0)

    def _ask_after_work(self) -> None:
        """Ask all queues a moment after the first work; more of it may not put that off.

        Else what comes due by time would wait until a backlog of another kind is done.
        """
        if self._is_asked:
            self._ask_at = min(self._ask_at, time.monotonic() + AFTER_WORK_SECONDS)
            self._is_asked = False

    def _listen(self) -> None:
        topics, now = self._ear.take(), time.monotonic()
        if FREED in topics:
            self._ask_after_work()
            if self._held_back:
                self._freed_at = min(self._freed_at, now + self._pause)
        if now >= self._freed_at:
            self._try_again(now)
        told = [topic.partition(":") for topic in topics]
        # Only while a pause runs, which ends by itself: else who is told of would wait for a poll.
        paused = self._told_again if self._freed_at < math.inf else set[str]()
        for each in self._lanes:
            about = {subject for table, _, subject in told if table == each.kind.table.name}
            again = about & (self._at_work(each) | paused)
            self._told_again |= again
            if EVERYTHING in topics or about - again:
                self._stir([each])
            elif about:
                self._held_back.add(each)  # for whom somebody works just now: tried once he is done

    def _try_again(self, now: float) -> None:
        is_crowd = bool(self._told_again) and now - self._tried_at < CROWD_SECONDS
        self._pause = min(2 * self._pause, LONGEST_SECONDS) if is_crowd else SOON_SECONDS
        self._stir(self._held_back)
        self._held_back, self._told_again = set(), set()
        self._freed_at, self._tried_at = math.inf, now

    def _at_work(self, work_queue: Queue) -> set[str]:
        """Return the subjects for which nothing may be claimed now."""
        lane = self._lanes[work_queue]
        return lane.at_work(work_queue) if len(lane.threads) > 1 else set()

    def _stir(self, queues: Iterable[Queue]) -> None:
        self._ripe += [each for each in queues if each not in self._ripe]

    def _hand_out(self, possible: Sequence[Queue]) -> None:
        """Claim of every queue its share of the threads, so that none starves."""
        tasks: list[Task] = []
        exhausted: list[Queue] = []
        try:
            with self._context.database.begin() as conn:
                for place, work_queue in enumerate(possible):
                    lane = self._lanes[work_queue]
                    rivals = sum(self._lanes[other] is lane for other in possible[place:])
                    most = -(-lane.free // rivals)
                    if most <= 0:
                        continue
                    claims = self._claim(conn, work_queue, most)
                    if len(claims) < most:
                        exhausted.append(work_queue)
                    for claim in claims:
                        tasks.append(Task(work_queue, claim))
                        lane.expect(tasks[-1])
        except BaseException:
            for task in tasks:
                self._lanes[task.work_queue].forget(task)
            raise
        for task in tasks:
            self._lanes[task.work_queue].hand(task)
        self._all_idle_made_a_round()
        self._ripe = [each for each in self._ripe if each not in exhausted]
        self._ripe += [self._ripe.pop(0)] if self._ripe else []

    def _claim(self, conn: Connection, work_queue: Queue, most: int) -> list[queue.Claim]:
        lane, kind = self._lanes[work_queue], work_queue.kind
        share = lane.share(work_queue) if len(lane.threads) > 1 else None
        claims = queue.claim_some(conn, kind, owner=self._owner, most=most, share=share)
        if len(claims) < most and share is not None and share.slow:
            self._held_back.add(work_queue)
        return claims

    def _ask_when_due(self) -> None:
        queues = list(self._lanes)
        with self._context.database.lend() as conn:
            found = queue.due_in(conn, [each.kind for each in queues])
        self._all_idle_made_a_round()
        self._is_asked = True
        due = zip(queues, found, strict=True)
        self._stir(each for each, seconds in due if seconds is not None and seconds <= 0)
        later = [seconds for seconds in found if seconds is not None and seconds > 0]
        self._ask_at = time.monotonic() + min([POLL_SECONDS, *later])

    def _all_idle_made_a_round(self) -> None:
        for lane in dict.fromkeys(self._lanes.values()):
            for name in lane.idle():
                self._pulse.round_made(name)


FREED = "freed"  # rung by a thread that has nothing to do any more
