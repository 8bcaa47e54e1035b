"""The gates of the network: what must be asked elsewhere, and only when everything else passes."""

from __future__ import annotations

from datetime import datetime

from listener.apps import Facts
from listener.decision import Candidate, Pass, Verdict, Wait
from listener.health import CHECK_EVERY, GOOD_IN_A_ROW, Streak, shown
from listener.promotion import FRESH_FOR


def check(candidate: Candidate, now: datetime) -> Verdict:
    """Everything that the rule has checked answered well several times in a row, up to now."""
    streak = candidate.streak or Streak()
    urls = [shown(url) for url in candidate.conditions.checks]
    facts: Facts = {
        "good": streak.good,
        "bad": streak.bad,
        "needed": GOOD_IN_A_ROW,
        "checks": urls,
    }
    due_at = streak.due_at
    until = due_at if due_at is not None and due_at > now else None
    if streak.said:
        message = f"{streak.said}; {GOOD_IN_A_ROW} good answers in a row are needed."
        return Wait(message, until, facts)
    names = " and ".join(urls)
    if not streak.is_enough:
        seconds = f"{CHECK_EVERY.total_seconds():.0f} s"
        message = f"{streak.good} of {GOOD_IN_A_ROW} good answers in a row of {names}, {seconds}"
        return Wait(f"{message} apart.", until, facts)
    if streak.at is None or now - streak.at > FRESH_FOR:
        return Wait(f"{names} is asked once more, right before the release.", None, facts)
    return Pass(f"{names} answered well {streak.good} times in a row.", facts)
