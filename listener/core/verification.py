"""Whether production is well after a promotion: asked over a time, and decided at its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from listener.core.gates.options import Conditions, OnFailure

LONGEST_PAUSE = timedelta(seconds=10)
LEAST_ROUNDS = 5
LAST_IN_A_ROW = 3
MOST_KEPT = 90  # answers: a quarter of an hour at the longest pause
LONGEST_SAID = 80


class Outcome(StrEnum):
    """What a verification comes to."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"  # we never got to ask


@dataclass(frozen=True, slots=True)
class Answer:
    """What one round of questions got: the answer that was bad, else the slowest."""

    code: int | None  # of HTTP; None where there was no answer
    ms: int
    bad: str | None = None  # how, in a few words; None for a good one

    @classmethod
    def of(cls, probes: Sequence[Probe]) -> Answer:
        """Sum up one round."""
        bad = first_bad(probes)
        one = bad or max(probes, key=lambda probe: probe.took)
        return cls(one.code, round(one.took * 1000), bad.said[:LONGEST_SAID] if bad else None)

    @classmethod
    def read(cls, kept: Sequence[Any]) -> Answer:
        """Read what `as_json` wrote."""
        return cls(*kept)

    def as_json(self) -> list[Any]:
        """Write it as short as can be, for it is written with every answer."""
        return [self.code, self.ms, *([self.bad] if self.bad is not None else [])]


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
    text: str = ""  # the beginning of that answer's body
    answers: tuple[Answer, ...] = ()  # the last ones, in order
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
        """Return when to ask next: at equal steps from the beginning, and at the very end."""
        ends_at = began + self.lasts
        if now >= ends_at:
            return now + self.every
        return min(began + ((now - began) // self.every + 1) * self.every, ends_at)

    def after(self, probes: Sequence[Probe], began: datetime, now: datetime) -> Verification:
        """Return it with one more round of answers; decided if the time is over."""
        bad = first_bad(probes)
        seen = replace(
            self,
            asked=self.asked + 1,
            good=self.good + (bad is None),
            run=self.run + 1 if bad is None else 0,
            refused=self.refused + (bad is not None and not bad.was_asked),
            said=bad.words if bad is not None else self.said,
            text=bad.text if bad is not None else self.text,
            answers=(*self.answers, Answer.of(probes))[-MOST_KEPT:],
        )
        # If we were away ourselves, too few answers say nothing: wait for some more.
        is_over = now >= began + self.lasts and seen.asked >= LAST_IN_A_ROW
        return replace(seen, outcome=seen.judged()) if is_over else seen

    def judged(self) -> Outcome:
        """Judge the answers so far.

        The end counts: during preboot or a slow start, answers come from the old code or are bad.
        So the last few must be good in a row, and at least half of all.
        """
        if self.run >= LAST_IN_A_ROW and 2 * self.good >= self.asked:
            return Outcome.GOOD
        return Outcome.BAD if self.refused < self.asked else Outcome.UNKNOWN

    @property
    def words(self) -> str:
        """How many were good, and what was wrong, in a sentence."""
        names = " and ".join(redact(url) for url in self.urls)
        counted = f"{self.good} of {self.asked} answers of {names} were good"
        last = f", the last bad one: {self.said}" if self.said else ""
        return f"{counted}, the last {self.run} in a row{last}."

    def as_json(self) -> dict[str, Any]:
        """Write it as JSON in the form that `read` takes."""
        plain = {"urls": list(self.urls), "seconds": self.lasts.total_seconds()}
        counts = {name: getattr(self, name) for name in _COUNTS}
        seen = {"text": self.text, "answers": [each.as_json() for each in self.answers]}
        return {**plain, "on_failure": self.on_failure, **counts, **seen, "outcome": self.outcome}


_COUNTS = ("asked", "good", "run", "refused", "said")


def plan(conditions: Conditions) -> Verification | None:
    """Return what to verify after a promotion under these conditions; None for nothing."""
    if not conditions.verify:
        return None
    return Verification(
        urls=conditions.verify, lasts=conditions.verify_for, on_failure=conditions.on_failure
    )


def read(kept: Mapping[str, Any]) -> Verification:
    """Read a verification from its stored JSON."""
    return Verification(
        urls=tuple(kept["urls"]),
        lasts=timedelta(seconds=kept["seconds"]),
        on_failure=OnFailure(kept["on_failure"]),
        outcome=Outcome(kept["outcome"]) if kept["outcome"] is not None else None,
        # An older listener, which may run beside this one, keeps neither.
        text=kept.get("text", ""),
        answers=tuple(map(Answer.read, kept.get("answers", ()))),
        **{name: kept[name] for name in _COUNTS},
    )


GOOD_IN_A_ROW = 3
CHECK_EVERY = timedelta(seconds=5)
LONGEST_CHECK_PAUSE = timedelta(seconds=60)
STREAK_LASTS = timedelta(minutes=2)  # longer than a post of unknown fate is looked for


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of one question to one URL; `said` says it in words that follow the URL."""

    url: str
    is_good: bool
    said: str
    was_asked: bool = True  # False: our own rules forbid to connect there
    code: int | None = None  # of the answer, if there was one
    took: float = field(default=0.0, compare=False)  # seconds
    text: str = ""  # the beginning of a bad answer's body, in harmless lines

    @property
    def words(self) -> str:
        """What was seen, in a sentence without a stop."""
        return f"{redact(self.url)} {self.said}"


def redact(url: str) -> str:
    """Cut the query from a URL that is to be shown: it may be a secret."""
    return url.split("?", 1)[0]


def without_query(url: str) -> str:
    """Return a URL as everybody may see it, who sees as well that there is more of it."""
    return f"{redact(url)}?…" if "?" in url else url


def first_bad(probes: Iterable[Probe]) -> Probe | None:
    """Return the first probe that is not good, for all must be; None if all are."""
    return next((probe for probe in probes if not probe.is_good), None)


@dataclass(frozen=True, slots=True)
class ProbeStreak:
    """How often in a row everything that a rule has checked was good, the last time at `at`."""

    good: int = 0
    bad: int = 0  # in a row
    said: str = ""  # what was seen that was bad, where the last answer was
    at: datetime | None = None

    def after(self, probes: Sequence[Probe], at: datetime) -> ProbeStreak:
        """Return the streak with one more round; a bad answer or a long pause breaks it."""
        if (bad := first_bad(probes)) is not None:
            return ProbeStreak(0, self.bad + 1, bad.words, at)
        is_broken = self.at is None or at - self.at > STREAK_LASTS
        return ProbeStreak(1 if is_broken else self.good + 1, 0, "", at)

    @property
    def is_enough(self) -> bool:
        """It was good often enough in a row."""
        return self.good >= GOOD_IN_A_ROW

    @property
    def due_at(self) -> datetime | None:
        """When to ask again: some seconds apart, longer where it stays bad; None for at once."""
        if self.at is None or self.is_enough:
            return None
        pause = CHECK_EVERY * float(2 ** min(max(self.bad - 1, 0), 10))
        return self.at + min(pause, LONGEST_CHECK_PAUSE)
