"""Histories that a rule is tried over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from listener.core.backtest import Case, Result, backtest
from listener.core.gates.options import parse
from listener.core.release import Release
from listener.core.rule import OnNewer
from tests.core.candidates import PROD, STAGING
from tests.core.releases import NOON, log, release

BO = "bo@example.com"


def at(hours: float) -> datetime:
    """So many hours after noon."""
    return NOON + timedelta(hours=hours)


def made(version: int, artifact: str | None, hours: float, **more: Any) -> Release:
    """A release made so many hours after noon."""
    return release(version, artifact, created_at=at(hours), **more)


BEFORE = made(9, "A", -9)  # what production ran when it all began


def tried(
    *source: Release,
    target: tuple[Release, ...] = (),
    on_newer: OnNewer = OnNewer.SUPERSEDE,
    said: dict[str, str] | None = None,
    **conditions: Any,
) -> dict[int, Result]:
    """What becomes of each release of a staging app that began with A."""
    history = log(made(40, "A", -10), *source)
    case = Case(
        source=STAGING,
        target=PROD,
        source_history=history,
        target_history=log(BEFORE, *target),
        now=at(1000),
        on_newer=on_newer,
        conditions=parse(conditions),
        commit_messages=said or {},
    )
    results = backtest(case, newest=len(source))
    return {result.release.version: result for result in results}


def statuses(results: dict[int, Result]) -> dict[int, str | None]:
    """What would have become of each."""
    return {version: result.status for version, result in results.items()}
