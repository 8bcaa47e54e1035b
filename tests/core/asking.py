"""A candidate of a rule that asks for something, and what a gate says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from listener.core.commits import Commit, Comparison, Relation, Shipment
from listener.core.gates.base import Approval, Verdict, evaluate
from listener.core.gates.options import parse
from listener.core.gates.registry import asked
from listener.core.verification import Probe, ProbeStreak
from tests.core.candidates import READY, without_facts
from tests.core.releases import ANA, NOON

BO, CY = "bo@example.com", "cy@example.com"


def minutes(count: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=count)


CANDIDATE = replace(
    READY,
    found_at=NOON,
    soaks_from=NOON,
    author=ANA,
)


def commit(mark: str, message: str = "Fix the cart", **more: Any) -> Commit:
    """A commit whose SHA is one digit, by Bo unless it is somebody else's."""
    return Commit(mark * 40, message, **{"author": "Bo", **more})


def shipping(*commits: Commit, of: int | None = None, **more: Any) -> Shipment:
    """These commits ship to the target of READY, and are all of them unless there are more."""
    known = Comparison(Relation.AHEAD, coming=commits, ahead_by=of or len(commits))
    running = READY.target_history.current
    base = running.artifact if running is not None else None
    values = {"head": "f" * 40, "base": "0" * 40, "base_artifact": base, "comparison": known}
    return Shipment(**{**values, **more})


def said(gate: str, now: datetime = NOON, **change: Any) -> Verdict:
    """What a gate says of the candidate, with some conditions and facts changed."""
    facts = {name: change.pop(name) for name in list(change) if hasattr(CANDIDATE, name)}
    candidate = replace(CANDIDATE, conditions=parse(change), **facts)
    verdicts = evaluate(candidate, now, asked(candidate)).by_name
    return without_facts(verdicts[gate])


def yes(*people: str) -> tuple[Approval, ...]:
    """These people approved."""
    return tuple(Approval(by, NOON) for by in people)


URL = "https://staging.example.com/healthz"
GOOD = Probe(f"{URL}?key=secret", True, "answered 200")
BAD = Probe(f"{URL}?key=secret", False, "answered 503")


def streak(*rounds: Probe, every: float = 5 / 60) -> ProbeStreak:
    """What comes of these answers, the last at noon."""
    found = ProbeStreak()
    for number, probe in enumerate(rounds, start=1 - len(rounds)):
        found = found.after([GOOD, probe], minutes(number * every))
    return found
