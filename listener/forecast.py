"""When a promotion could go at the earliest, as far as time alone decides."""

from __future__ import annotations

from datetime import datetime

from listener.decision import Candidate, Wait, evaluate
from listener.gates.tables import TIMED, asked

MOST_WAITS = 50


def earliest(candidate: Candidate, now: datetime) -> datetime | None:
    """The first moment at which no gate of time objects, whatever people say until then.

    None where that is not known: a hold stands until a person releases it, say.
    """
    timed = tuple((name, gate) for name, gate in asked(candidate) if name in TIMED)
    moment = now
    for _ in range(MOST_WAITS):
        match evaluate(candidate, moment, timed).objection:
            case None:
                return moment
            case Wait(until=datetime() as until):
                moment = until
            case _:
                return None
    return None
