"""How a commit wakes the runners: NOTIFY in the transaction that makes work due."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psycopg
import structlog
from sqlalchemy import Connection, text

from listener.store.engine import Database
from listener.store.watch import Unanswered

log = structlog.get_logger()

CHANNEL = "autopromote"
RECONNECT_SECONDS = 1.0
LISTEN_SECONDS = 1.0
PULSE_SECONDS = 10.0  # nothing else is ever asked on a connection that only listens


def notify(conn: Connection) -> None:
    """Wake every runner when this transaction commits."""
    conn.execute(text(f"NOTIFY {CHANNEL}"))


class Ear:
    """One connection that listens for a whole process.

    Deaf for a while, it loses nothing: runners poll as well.
    """

    def __init__(
        self,
        database: Database,
        *,
        pulse: Callable[[], None] = lambda: None,
        pulse_seconds: float = PULSE_SECONDS,
    ) -> None:
        self._database = database
        self._pulse = pulse
        self._pulse_seconds = pulse_seconds
        self._heard = threading.Condition()
        self._count = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="ear", daemon=True)

    @property
    def count(self) -> int:
        """How many wake-ups came so far; read it before looking for work."""
        return self._count

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, and wake whoever waits."""
        self._stopping.set()
        self._wake()
        if self._thread.is_alive():
            self._thread.join(2 * LISTEN_SECONDS)

    def wait(self, seen: int, seconds: float) -> None:
        """Wait for a wake-up after the one seen, for so many seconds at most."""
        with self._heard:
            self._heard.wait_for(
                lambda: self._count != seen or self._stopping.is_set(), timeout=seconds
            )

    def _wake(self) -> None:
        with self._heard:
            self._count += 1
            self._heard.notify_all()

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
            except psycopg.Error as error:
                log.warning("deaf", error=type(error).__name__)
            except Exception:  # without its ear a process would seem dead to the others
                log.exception("ear_broken")
            self._stopping.wait(RECONNECT_SECONDS)

    def _follow(self) -> None:
        with self._database.listen(CHANNEL) as connection:
            self._wake()  # whatever was notified while we were deaf
            pulse_at = time.monotonic() + self._pulse_seconds
            while not self._stopping.is_set():
                for _ in connection.notifies(timeout=LISTEN_SECONDS, stop_after=1):
                    self._wake()
                if time.monotonic() >= pulse_at:
                    self._pulse()
                    if not connection.is_alive():
                        raise Unanswered
                    pulse_at = time.monotonic() + self._pulse_seconds
