"""How well answers what a rule names, and how often in a row before a promotion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

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

    @property
    def words(self) -> str:
        """What was seen, in a sentence without a stop."""
        return f"{shown(self.url)} {self.said}"


def shown(url: str) -> str:
    """The URL as sentences show it: what follows a question mark may be a secret."""
    return url.split("?", 1)[0]


def first_bad(probes: Iterable[Probe]) -> Probe | None:
    """The first of several that is not good; all must be."""
    return next((probe for probe in probes if not probe.is_good), None)


@dataclass(frozen=True, slots=True)
class Streak:
    """How often in a row everything that a rule has checked was good, the last time at `at`."""

    good: int = 0
    bad: int = 0  # in a row
    said: str = ""  # what was seen that was bad, where the last answer was
    at: datetime | None = None

    def after(self, probes: Sequence[Probe], at: datetime) -> Streak:
        """The streak with one more round of questions; a bad answer or a long pause ends it."""
        if (bad := first_bad(probes)) is not None:
            return Streak(0, self.bad + 1, bad.words, at)
        is_broken = self.at is None or at - self.at > STREAK_LASTS
        return Streak(1 if is_broken else self.good + 1, 0, "", at)

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
