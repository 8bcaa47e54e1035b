"""The worker class that gunicorn runs: its master watches, this process answers."""

from __future__ import annotations

import os
import selectors
import socket
import time
from contextlib import suppress
from typing import Any, ClassVar

from gunicorn.workers.base import Worker  # type: ignore[import-untyped]

from listener.web.connection import Connection
from listener.web.front import READ, Front
from listener.web.limits import Limits

NOTIFY_SECONDS = 1.0


class FrontWorker(Worker):  # type: ignore[misc]
    """Reads and writes in one thread, answers in others. It speaks HTTP/1 without TLS."""

    alive: bool  # set by gunicorn, and by signals
    limits: ClassVar[Limits] = Limits()

    def init_process(self) -> None:
        """Run as the process that the master forked. Raises RuntimeError where TLS is wanted."""
        if self.cfg.is_ssl:
            message = "TLS ends at the router: this worker does not speak it."
            raise RuntimeError(message)
        self._notified = 0.0
        super().init_process()

    def wake(self) -> None:
        """Let the selector see that a thread is done."""
        with suppress(OSError):  # full: it will wake as it is
            os.write(self.PIPE[1], b"\0")

    def run(self) -> None:
        """Serve until told to stop, then until what is whole is answered."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.PIPE[0], READ)
            front = Front(self, selector, self.limits)
            for listening in self.sockets:
                listening.setblocking(False)
                # Those it accepts have it from there. The kernel would take megabytes for each.
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.limits.unsent)
                selector.register(listening, READ, listening)
            while self.alive and self._has_parent():
                self._turn(selector, front)
            for listening in self.sockets:
                selector.unregister(listening)
                listening.close()
            self.alive = False
            front.stop()
            latest = time.monotonic() + self.cfg.graceful_timeout
            while not front.is_empty and time.monotonic() < latest:
                self._turn(selector, front)
            front.end()

    def _turn(self, selector: selectors.BaseSelector, front: Front) -> None:
        now = time.monotonic()
        if now - self._notified >= NOTIFY_SECONDS:
            self.notify()
            self._notified = now
        for key, events in selector.select(front.wait(now)):
            place: Any = key.data
            if isinstance(place, Connection):
                # One that came before in this turn may have cost this one its place.
                if place.events & events:
                    front.serve(place, events)
            elif place is not None:
                front.accept(place)
            else:
                with suppress(BlockingIOError):
                    os.read(self.PIPE[0], 4096)
        front.collect()
        front.hand_over()
        front.tick(time.monotonic())

    def _has_parent(self) -> bool:
        return bool(self.ppid == os.getppid())
