"""How well answers what a rule names: in a row before a promotion, over a time after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


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
