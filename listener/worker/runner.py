"""Claim due work and take each step; any number of processes may do so at once.

NOTIFY wakes a runner within milliseconds; the poll finds what a NOTIFY missed. No thread sleeps
for a promotion, and no transaction stays open while Heroku is asked.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from listener.db import notifications, queue, sync, troubles
from listener.db.engine import Database
from listener.db.queue import NotificationListener
from listener.inventory.context import Clock, Context
from listener.worker import check_webhooks, handlers, notify, report_troubles, sync_releases
from listener.worker.heartbeat import Pulse

log = structlog.get_logger()

POLL_SECONDS = 2.0
DATABASE_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Queue:
    """Work of one kind, and its step."""

    name: str
    kind: queue.WorkKind
    step: Callable[[Context, queue.Claim, Clock], None]

    def claim(self, conn: Connection, owner: str) -> queue.Claim | None:
        """Claim the work that is due longest, if any is due."""
        return queue.claim(conn, self.kind, owner=owner)


PROMOTING: tuple[Queue, ...] = (
    Queue("promotion", handlers.PROMOTIONS, handlers.promote),
    Queue("look", sync.LOOKS, sync_releases.step),
    Queue("chore", sync.CHORES, handlers.reconcile),
    Queue("webhook", sync.WEBHOOKS, check_webhooks.step),
    Queue("trouble", troubles.TROUBLES, report_troubles.step),
)
# These have their own threads: neither a dead chat service nor a production app that does not
# answer may delay other promotions.
PROBING: tuple[Queue, ...] = (Queue("probed promotion", handlers.PROBED, handlers.promote),)
TELLING: tuple[Queue, ...] = (Queue("notice", notifications.NOTICES, notify.step),)


class Worker:
    """One thread's loop over its queues."""

    def __init__(
        self,
        context: Context,
        queues: Sequence[Queue],
        ear: NotificationListener,
        owner: str,
        pulse: Pulse,
    ) -> None:
        self._context = context
        self._pulse = pulse
        self._queues = queues
        self._ear = ear
        self._owner = owner
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Claim nothing more; the current step still finishes."""
        self._stopping.set()

    def run(self) -> None:
        """Work until stopped."""
        while not self._stopping.is_set():
            heard = self._ear.count
            try:
                if not self._round():
                    self._rest(heard)
            except (DBAPIError, PoolTimeout) as error:
                state = getattr(getattr(error, "orig", None), "sqlstate", None)
                log.warning("database_unavailable", error=type(error).__name__, sqlstate=state)
                self._stopping.wait(DATABASE_PAUSE_SECONDS)
            except Exception:  # without its threads a process would promote nothing, silently
                log.exception("runner_broken")
                self._stopping.wait(DATABASE_PAUSE_SECONDS)

    def _round(self) -> bool:
        """Take one step of every queue that has work, so that none starves; return if any had."""
        return any([self._one(work_queue) for work_queue in self._queues])  # noqa: C419 - each has its turn

    def _one(self, work_queue: Queue) -> bool:
        if self._stopping.is_set():
            return False
        with self._context.database.begin() as conn:
            claim = work_queue.claim(conn, self._owner)
        self._pulse.round_made(self._owner)
        if claim is None:
            return False
        self._take(work_queue, claim)
        self._pulse.round_made(self._owner)
        return True

    def _take(self, work_queue: Queue, claim: queue.Claim) -> None:
        begun = time.monotonic()
        try:
            work_queue.step(self._context, claim, Clock(claim.claimed_at))
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
        spent = round((time.monotonic() - begun) * 1000)
        log.info("step", work=work_queue.name, key=claim.key, outcome=outcome, ms=spent)

    def _rest(self, heard: int) -> None:
        with self._context.database.begin() as conn:
            # Only its own queues: work of others would keep it awake for nothing.
            due_in = queue.until_next(conn, [work_queue.kind for work_queue in self._queues])
        seconds = POLL_SECONDS if due_in is None else min(max(due_in, 0.02), POLL_SECONDS)
        self._ear.wait(heard, seconds)


class Runners:
    """The worker threads of one process, and the one connection that listens for all of them."""

    def __init__(self, context: Context, *, promoting: int) -> None:
        owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"
        self._pulse = Pulse(context.database, owner)
        self._ear = NotificationListener(context.database, pulse=self._pulse.beat)
        queues = [PROMOTING, PROBING] * promoting + ([TELLING] if promoting else [])
        self._workers = [
            Worker(context, some, self._ear, self._pulse.add(some[0].name), self._pulse)
            for some in queues
        ]
        self._threads = [
            threading.Thread(target=worker.run, name=f"runner-{number}", daemon=True)
            for number, worker in enumerate(self._workers)
        ]
        self._database: Database = context.database

    def start(self) -> None:
        """Start working, with a reconcile first: webhooks may have been missed meanwhile."""
        with self._database.begin() as conn:
            sync.ask_reconcile(conn)
        self._pulse.beat()
        self._ear.start()
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float) -> bool:
        """Stop claiming and wait for the current steps; return whether all ended in time."""
        ends_at = time.monotonic() + timeout
        for worker in self._workers:
            worker.stop()
        self._ear.stop()
        for thread in self._threads:
            thread.join(max(ends_at - time.monotonic(), 0))
        self._pulse.end()
        return not any(thread.is_alive() for thread in self._threads)


def start_runners(context: Context, *, promoting: int) -> Runners:
    """Start this process's runner threads; call it after any fork."""
    runners = Runners(context, promoting=promoting)
    if promoting:
        runners.start()
    return runners
