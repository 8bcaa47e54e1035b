"""Whether production is well after a promotion: asked over a time, and decided at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from listener.conditions import Conditions, OnFailure
from listener.health import Probe, first_bad, shown

LONGEST_PAUSE = timedelta(seconds=10)
LEAST_ROUNDS = 5
LAST_IN_A_ROW = 3


class Outcome(StrEnum):
    """What a verification comes to."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"  # we never got to ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How well production answered since a release of ours, as far as that was asked."""

    urls: tuple[str, ...]
    lasts: timedelta
    on_failure: OnFailure
    asked: int = 0
    good: int = 0
    run: int = 0  # good ones in a row, up to the last answer
    refused: int = 0  # times that we could not even ask
    said: str = ""  # what was last seen that was bad
    outcome: Outcome | None = None  # once that is decided

    @property
    def every(self) -> timedelta:
        """The time between two questions."""
        return min(LONGEST_PAUSE, self.lasts / LEAST_ROUNDS)

    @property
    def planned(self) -> int:
        """How many questions there are, if nothing keeps us from asking."""
        return -(-self.lasts // self.every)

    def next_at(self, began: datetime, now: datetime) -> datetime:
        """When to ask next: at equal steps from the beginning, and at the very end."""
        ends_at = began + self.lasts
        if now >= ends_at:
            return now + self.every
        return min(began + ((now - began) // self.every + 1) * self.every, ends_at)

    def after(self, probes: Sequence[Probe], began: datetime, now: datetime) -> Verification:
        """With one more round of answers; decided where the time is over."""
        bad = first_bad(probes)
        seen = replace(
            self,
            asked=self.asked + 1,
            good=self.good + (bad is None),
            run=self.run + 1 if bad is None else 0,
            refused=self.refused + (bad is not None and not bad.was_asked),
            said=bad.words if bad is not None else self.said,
        )
        # Where we were away ourselves, too few answers say nothing: then some more are awaited.
        is_over = now >= began + self.lasts and seen.asked >= LAST_IN_A_ROW
        return replace(seen, outcome=seen.judged()) if is_over else seen

    def judged(self) -> Outcome:
        """What the answers so far come to.

        The end counts: while preboot or a slow start last, answers are of the old code or bad. So
        the last few must be good in a row, and half of all.
        """
        if self.run >= LAST_IN_A_ROW and 2 * self.good >= self.asked:
            return Outcome.GOOD
        return Outcome.BAD if self.refused < self.asked else Outcome.UNKNOWN

    @property
    def words(self) -> str:
        """How many were good, and what was wrong, in a sentence."""
        names = " and ".join(shown(url) for url in self.urls)
        counted = f"{self.good} of {self.asked} answers of {names} were good"
        last = f", the last bad one: {self.said}" if self.said else ""
        return f"{counted}, the last {self.run} in a row{last}."

    def as_json(self) -> dict[str, Any]:
        """The way `read` reads it."""
        plain = {"urls": list(self.urls), "seconds": self.lasts.total_seconds()}
        counts = {name: getattr(self, name) for name in _COUNTS}
        return {**plain, "on_failure": self.on_failure, **counts, "outcome": self.outcome}


_COUNTS = ("asked", "good", "run", "refused", "said")


def plan(conditions: Conditions) -> Verification | None:
    """What is to be verified after a promotion under these conditions; None for nothing."""
    if not conditions.verify:
        return None
    return Verification(
        urls=conditions.verify, lasts=conditions.verify_for, on_failure=conditions.on_failure
    )


def read(kept: Mapping[str, Any]) -> Verification:
    """A verification as it was kept."""
    return Verification(
        urls=tuple(kept["urls"]),
        lasts=timedelta(seconds=kept["seconds"]),
        on_failure=OnFailure(kept["on_failure"]),
        outcome=Outcome(kept["outcome"]) if kept["outcome"] is not None else None,
        **{name: kept[name] for name in _COUNTS},
    )
