"""Histories that a rule is tried over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from listener.core.backtest import Case, Result, backtest
from listener.core.commits import Comparison
from listener.core.gates.options import parse
from listener.core.promotion import PromotionKind
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
    commits: dict[str, str] | None = None,
    ranges: dict[tuple[str, str], Comparison] | None = None,
    own: dict[str, PromotionKind] | None = None,
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
        commits=commits or {},
        comparisons=ranges or {},
        own=own or {},
    )
    results = backtest(case, newest=len(source))
    return {result.release.version: result for result in results}


def statuses(results: dict[int, Result]) -> dict[int, str | None]:
    """What would have become of each."""
    return {version: result.status for version, result in results.items()}
