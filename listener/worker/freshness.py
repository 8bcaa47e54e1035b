"""Check whether snapshots may be used for a POST: recent, and nothing newer known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection

from listener.core.gates.base import Evaluation, Verdict
from listener.core.promotion import SLOW
from listener.core.release import History
from listener.db import releases
from listener.db.apps import AppRow
from listener.inventory.reader import Snapshot, StaleData


def check_fresh(conn: Connection, *found: Snapshot) -> None:
    """Check that snapshots are recent enough for a POST, and that nothing newer was read.

    Raises StaleData.
    """
    read = {each.app_id: each for each in found}
    now, shown = releases.running_now(conn, read)
    for app_id, reading in read.items():
        name, newest, current = shown[app_id]
        if (newest, current) != running(reading.history):
            raise StaleData(f"{name} shows v{newest} by now.")
        if not reading.is_fresh(now):
            took = ", ".join(_took(shown[each.app_id].name, each) for each in found)
            raise StaleData(f"What was read got old before it could be used: {took}.")


def check_reach(reading: Snapshot, version: int, name: str) -> None:
    """Check that Heroku's list told of the release to post, whose slug may expire.

    Raises StaleData.
    """
    if not reading.reaches(version):
        raise StaleData(f"{name} was not read as far back as v{version}.")


def running(history: History) -> tuple[int, int | None]:
    """Return the newest version, and the one that runs."""
    current = history.current
    return history.newest_version, current.version if current is not None else None


def _took(name: str, reading: Snapshot) -> str:
    return f"the list of {name} took {reading.took.total_seconds():.1f} s"


def is_behind(reading: Snapshot, row: AppRow) -> bool:
    """Return whether the snapshot lacks a release that we know the app to run."""
    return row.known is not None and reading.history.newest_version < row.known.version


def timed(evaluation: Evaluation, *, source: Snapshot, target: Snapshot) -> Evaluation:
    """Add how long a slow list took to the facts of the gates that are based on it."""
    took = {"source": source.took, "target": target.took}
    said = ((gate, _say(verdict, took.get(gate.name))) for gate, verdict in evaluation.verdicts)
    return Evaluation(tuple(said))


def _say(verdict: Verdict, took: timedelta | None) -> Verdict:
    if took is None or took <= SLOW:
        return verdict
    return replace(verdict, facts={**verdict.facts, "list_took": round(took.total_seconds(), 1)})
