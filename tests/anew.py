"""Steps on a slow machine: what got old while it was gathered is gathered anew at once.

By itself a promotion does so five seconds later, and such a wait is none of a test's own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from listener.db.engine import Database

SLOW_STEP = 1.0  # seconds of this machine; what is slow on purpose takes none
AT_ONCE = (
    "UPDATE promotion SET due_at = now(), errors_since = NULL"
    " WHERE due_at > now() AND reason LIKE '%%got old%%'"
)


@contextmanager
def gathered_anew(database: Database) -> Iterator[None]:
    """A step that may be slow."""
    begun = time.monotonic()
    yield
    if time.monotonic() - begun > SLOW_STEP:
        with database.begin() as conn:
            conn.exec_driver_sql(AT_ONCE)
