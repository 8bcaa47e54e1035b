"""Take claimed steps in a few threads, which one dispatcher hands them to.

Any number of processes may do so at once. No thread sleeps for a promotion, and no transaction
stays open while Heroku is asked.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
import uuid
from collections.abc import Iterable
from functools import partial

from listener.db import outbox, sync
from listener.db.queue import NotificationListener
from listener.inventory import receivers
from listener.inventory.context import Context
from listener.worker.dispatch import FREED, Dispatcher
from listener.worker.heartbeat import Pulse
from listener.worker.lane import Lane
from listener.worker.queues import PROBING, PROMOTING, READING, SPREADING, TELLING

# From a delivery to a POST, work goes from thread to thread. One that is handed some waits for the
# turn of whoever computes just then: by default 5 ms, each time.
TURN_SECONDS = 0.001


class Runners:
    """The threads of one process, and the one connection that listens for all of them."""

    def __init__(self, context: Context, *, promoting: int) -> None:
        owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"
        self._pulse = Pulse(context.database, owner)
        self._ear = NotificationListener(
            context.database, pulse=self._pulse.beat, heard=context.changes.heard
        )
        names = [f"runner-{number}" for number in range(promoting)]
        freed = partial(self._ear.ring, FREED)
        both = (*PROMOTING, *PROBING)
        self._lanes = (
            Lane(context, both, names, self._pulse, freed),
            Lane(context, TELLING, ["runner-notices"], self._pulse, freed),
            # A promotion waits for checks; a long list of commits may not hold them up.
            Lane(context, READING[:1], ["runner-checks"], self._pulse, freed),
            Lane(context, READING[1:], ["runner-commits"], self._pulse, freed),
            Lane(context, SPREADING, ["runner-words-0", "runner-words-1"], self._pulse, freed),
        )
        self._dispatcher = Dispatcher(context, self._lanes, self._ear, owner, self._pulse)
        self._context = context
        self._database = context.database

    def start(self) -> None:
        """Start working, with a reconcile first: webhooks may have been missed meanwhile."""
        with self._database.begin() as conn:
            outbox.want(conn, receivers.wanted(self._context))  # first: a rule's save may go on
            sync.ask_reconcile(conn)
        self._pulse.beat()
        self._ear.start()
        for lane in self._lanes:
            lane.start()
        self._dispatcher.start()

    def stop(self, timeout: float) -> bool:
        """Stop claiming and wait for the current steps; return whether all ended in time."""
        ends_at = time.monotonic() + timeout
        self._dispatcher.stop()
        self._join([self._dispatcher.thread], ends_at)  # first: what it hands out must be taken
        for lane in self._lanes:
            lane.stop()
        self._ear.stop()
        threads = [thread for lane in self._lanes for thread in lane.threads.values()]
        self._join(threads, ends_at)
        self._pulse.end()
        return not any(thread.is_alive() for thread in [*threads, self._dispatcher.thread])

    @staticmethod
    def _join(threads: Iterable[threading.Thread], ends_at: float) -> None:
        for thread in threads:
            if thread.ident is not None:
                thread.join(max(ends_at - time.monotonic(), 0))


def start_runners(context: Context, *, promoting: int) -> Runners:
    """Start this process's runner threads; call it after any fork."""
    runners = Runners(context, promoting=promoting)
    if promoting:
        sys.setswitchinterval(TURN_SECONDS)
        runners.start()
    return runners
