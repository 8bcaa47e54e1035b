"""Whether what was read may be posted on: recent, and nothing else known since."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection

from listener.core.gates.base import Evaluation, Verdict
from listener.core.promotion import SLOW
from listener.core.release import History
from listener.db import apps, releases
from listener.db.apps import AppRow
from listener.inventory.reader import Snapshot, StaleData


def check_fresh(conn: Connection, *found: Snapshot) -> None:
    """What was read is recent enough for a POST, and nobody read anything else since.

    Raises StaleData.
    """
    now = releases.now(conn)
    for reading in {each.app_id: each for each in found}.values():
        row, history = apps.get(conn, reading.app_id), releases.history(conn, reading.app_id)
        if _running(history) != _running(reading.history):
            raise StaleData(f"{row.name} shows v{history.newest_version} by now.")
        if not reading.is_fresh(now):
            took = ", ".join(_took(conn, each) for each in found)
            raise StaleData(f"What was read got old before it could be used: {took}.")


def _running(history: History) -> tuple[int, int | None]:
    current = history.current
    return history.newest_version, current.version if current is not None else None


def _took(conn: Connection, reading: Snapshot) -> str:
    name = apps.get(conn, reading.app_id).name
    return f"the list of {name} took {reading.took.total_seconds():.1f} s"


def is_behind(reading: Snapshot, row: AppRow) -> bool:
    """The reading is older than what we know the app to run: a release of ours came after it."""
    return row.known is not None and reading.history.newest_version < row.known.version


def timed(evaluation: Evaluation, *, source: Snapshot, target: Snapshot) -> Evaluation:
    """Where Heroku was slow, the facts of the gates that stand on a list say how long it took."""
    took = {"source": source.took, "target": target.took}
    verdicts = ((name, _say(verdict, took.get(name))) for name, verdict in evaluation.verdicts)
    return Evaluation(tuple(verdicts))


def _say(verdict: Verdict, took: timedelta | None) -> Verdict:
    if took is None or took <= SLOW:
        return verdict
    return replace(verdict, facts={**verdict.facts, "list_took": round(took.total_seconds(), 1)})
