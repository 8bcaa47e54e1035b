"""Refused logins in the audit log: so many a minute that strangers cannot flood it."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from listener.db import audit
from listener.db.engine import Database
from listener.services.caller import Caller

log = structlog.get_logger()

MOST = 10  # entries of a process in each minute; what comes beyond is counted
WITHIN = timedelta(minutes=1)
NOBODY = "unknown"


class Refusals:
    """Notes who was refused; whatever becomes of the note, the refusal stands."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._begun: datetime | None = None
        self._noted = 0
        self._unlisted = 0

    def note(self, why: str, caller: Caller, *, email: str | None = None) -> None:
        """Leave an audit entry, or count where there are too many; the next one tells how many."""
        unlisted = self._take(caller.now)
        if unlisted is None:
            return
        told = {"why": why, "from": caller.address}
        try:
            with self._database.begin() as conn:
                audit.record(
                    conn,
                    by=email or NOBODY,
                    action="login.refused",
                    subject_type="address",
                    subject_id=caller.address or NOBODY,
                    after={**told, "unlisted_before": unlisted} if unlisted else told,
                )
        except (DBAPIError, PoolTimeout) as error:
            log.warning("refusal_not_noted", error=type(error).__name__)

    def _take(self, now: datetime) -> int | None:
        """Return how many were only counted before this one; None where it is one of them."""
        with self._lock:
            if self._begun is None or now - self._begun >= WITHIN:
                self._begun, self._noted = now, 0
            if self._noted >= MOST:
                self._unlisted += 1
                return None
            self._noted += 1
            unlisted, self._unlisted = self._unlisted, 0
            return unlisted
