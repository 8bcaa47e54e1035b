"""Asking what a rule has checked before a promotion, and keeping how often in a row it was good."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from listener.decision import Candidate
from listener.health import Streak
from listener.steps.clock import Clock
from listener.steps.tools import Tools
from listener.store.promotions import PromotionRow


def streak_of(row: PromotionRow) -> Streak | None:
    """The streak as the promotion keeps it, so that any process may go on with it."""
    return Streak(**row.checked, at=row.checked_at) if row.checked is not None else None


def ask(tools: Tools, row: PromotionRow, candidate: Candidate, clock: Clock) -> PromotionRow:
    """Ask everything that is checked, where that is due; answers the row with the new streak.

    The first time nothing is asked yet: whoever has time for slow answers takes the row over.
    """
    streak = streak_of(row)
    if streak is None:
        return _with(row, Streak())
    if streak.due_at is not None and clock.now() < streak.due_at:
        return row
    probes = tools.prober.ask_all(candidate.conditions.checks)
    return _with(row, streak.after(probes, clock.now()))


def _with(row: PromotionRow, streak: Streak) -> PromotionRow:
    checked = {"good": streak.good, "bad": streak.bad, "said": streak.said}
    return replace(row, checked=checked, checked_at=streak.at)


def kept(row: PromotionRow) -> dict[str, Any]:
    """What is to be written of it."""
    if row.checked is None:
        return {}
    return {"checked": row.checked, "checked_at": row.checked_at}


def due_at(row: PromotionRow, now: datetime) -> datetime:
    """When it is to be asked again."""
    streak = streak_of(row)
    return (streak.due_at if streak is not None else None) or now
