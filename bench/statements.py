"""What is said to PostgreSQL between a delivery and the `POST` that follows from it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, Part, at_most, median, told
from bench.post import moments
from bench.stages import ship, sql, staged
from demo.stage import Stage

ROUNDS = 7
PREFIX = "bench "
READING = "SELECT FROM shipment WHERE due_at IS NOT NULL AND failing_since IS NULL LIMIT 1"
# The time that a line of the log begins with, and what was said.
SAID = re.compile(rf"{PREFIX}(\d+\.\d+) LOG:  (?:statement|execute [^:]*): (.*)")


def measure() -> Part:
    """Count in PostgreSQL's own log, deploy by deploy."""
    with staged() as stage:
        source, _ = ship(stage, "ours")
        log = _logged(stage)
        moments(stage, source)  # what is said once only is said here
        counts = [_count(stage, source, log) for _ in range(ROUNDS)]
    statements, transactions, pings = (median(each) for each in zip(*counts, strict=True))
    return Part(list(_figures(statements, transactions, pings)))


def _figures(statements: float, transactions: float, pings: float) -> Iterator[Figure]:
    yield at_most("statements between delivery and POST, all told", statements, 60, "")
    yield at_most("transactions between delivery and POST", transactions, 7, "")
    yield told("statements of them that only ask whether a connection lives", pings, "")


def _logged(stage: Stage) -> Path:
    """Have PostgreSQL log every statement; return the log."""
    sql(stage, "ALTER SYSTEM SET log_statement = 'all'")
    sql(stage, f"ALTER SYSTEM SET log_line_prefix = '{PREFIX}%n '")
    sql(stage, "SELECT pg_reload_conf()")
    return Path(sql(stage, "SHOW data_directory")[0][0]).parent / "log"


def _count(stage: Stage, source: str, log: Path) -> tuple[int, int, int]:
    """Deploy, and count statements, transactions and pings until the POST arrived."""
    while sql(stage, READING):  # what ships is read seconds later, beside all this
        time.sleep(0.2)
    time.sleep(1)  # so that what the last deploy left behind is over, and hardly anything is due
    begins, ends = (moment.timestamp() for moment in moments(stage, source))
    found = (SAID.match(line) for line in log.read_text(errors="replace").splitlines())
    said = [m[2] for m in found if m is not None and begins <= float(m[1]) <= ends]
    ours = [text for text in said if "SELECT 1 FROM delivery" not in text]
    begun = sum(text.startswith("BEGIN") for text in ours)
    return len(ours), begun, sum(text == "SELECT 1" for text in ours)
