"""Start the runners of a process once the database is ready, and stop them in time."""

from __future__ import annotations

import threading
import time

import psycopg
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from listener.db import migrate
from listener.inventory.context import Context
from listener.worker.runner import Runners, start_runners

log = structlog.get_logger()

PAUSE_SECONDS = 1.0
# Heroku kills what still runs 30 s after SIGTERM, and a POST under way may take 20.
ENDS_WITHIN_SECONDS = 24.0


class Supervisor:
    """Starts the runner threads of this process as early as possible, and stops them at its end."""

    def __init__(self, context: Context, *, promoting: int) -> None:
        self._context = context
        self._promoting = promoting
        self._runners: Runners | None = None
        self._is_over = threading.Event()
        self._beginning = threading.Thread(target=self._begin, name="shift", daemon=True)

    def begin(self) -> None:
        """Start the threads as soon as the database is ready; call it after any fork."""
        if self._promoting:
            self._beginning.start()

    def end(self, timeout: float = ENDS_WITHIN_SECONDS) -> bool:
        """Claim nothing more, and wait for the current steps; return whether all ended in time."""
        ends_at = time.monotonic() + timeout
        self._is_over.set()
        if self._beginning.is_alive():
            self._beginning.join(timeout)
        if self._runners is None:
            return True
        return self._runners.stop(max(ends_at - time.monotonic(), 0))

    def _begin(self) -> None:
        reason = ""
        while not self._is_over.is_set():
            fault = self._try()
            if fault is None:
                return
            if fault != reason:
                log.warning("runners_wait", reason=fault)
            reason = fault
            self._is_over.wait(PAUSE_SECONDS)

    def _try(self) -> str | None:
        """Start the runners; return what is in the way, if anything is."""
        try:
            with self._context.database.begin() as conn:
                if not self._context.database.owns_sessions():
                    return migrate.POOLED
                if not migrate.is_ready(conn):
                    return "the database is not migrated"
                is_newer = migrate.is_newer(conn)
            self._runners = start_runners(self._context, promoting=self._promoting)
        except (DBAPIError, PoolTimeout, psycopg.Error) as error:
            return f"the database cannot be used: {type(error).__name__}"
        log.info("runners_started", promoting=self._promoting, database_is_newer=is_newer)
        return None
