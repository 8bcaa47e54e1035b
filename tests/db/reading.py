"""How much of the database is read."""

from __future__ import annotations

from contextlib import ExitStack

from sqlalchemy import text

from listener.db.engine import Database
from tests.db.clean import POOL_SIZE

READ = """
SELECT relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables
"""


def rows_read(database: Database) -> dict[str, int]:
    """How many rows of each table were read so far, by anybody."""
    with ExitStack() as stack:  # every connection tells of its own, as long as seconds later
        for _ in range(POOL_SIZE):
            conn = stack.enter_context(database.begin())
            conn.execute(text("SELECT pg_stat_force_next_flush()"))
    with database.begin() as conn:
        conn.execute(text("SELECT pg_stat_clear_snapshot()"))
        return {row[0]: int(row[1]) for row in conn.execute(text(READ))}
