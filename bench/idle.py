"""What a process with nothing to do says to PostgreSQL."""

from __future__ import annotations

import time

from bench.figures import Part, at_most
from bench.stages import is_at_rest, ship, sql, staged
from demo.stage import Stage, wait_for

SECONDS = 20.0
# A connection that is used no more tells what it did up to ten seconds later.
SETTLE_SECONDS = 15.0


def measure() -> Part:
    """Count transactions while nothing happens."""
    with staged() as stage:
        ship(stage, "idle")
        wait_for(lambda: is_at_rest(stage), "rest")
        time.sleep(SETTLE_SECONDS)  # the looks and checks that follow a new rule
        before, begun = _transactions(stage), time.monotonic()
        time.sleep(SECONDS)
        made, spent = _transactions(stage) - before, time.monotonic() - begun
    return Part((at_most("transactions of an idle process", made / spent, 1, "/s"),))


def _transactions(stage: Stage) -> int:
    """Return how many transactions ended in the database, without these questions themselves."""
    query = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'postgres'"
    return int(sql(stage, query)[0][0]) - 1
