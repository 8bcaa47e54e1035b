"""What people declare: which app's releases go where, and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter
from itertools import combinations


class Mode(StrEnum):
    """Whether a rule acts: armed promotes, shadow decides and records, off does nothing."""

    ARMED = "armed"
    SHADOW = "shadow"
    OFF = "off"


class Strategy(StrEnum):
    """How the target gets the artifact: a release of the slug, or Heroku's own promotion."""

    SLUG = "slug"
    PIPELINE = "pipeline"


FIR = "fir"


def strategy_of(wished: Strategy, generation: str) -> Strategy:
    """Return the strategy for a source of this generation, whatever is wished.

    A Fir app has no slugs, and Heroku brings its images to other apps by pipeline promotion only.
    """
    return Strategy.PIPELINE if generation == FIR else wished


class OnNewer(StrEnum):
    """What a newer candidate does to an older one that still waits."""

    SUPERSEDE = "supersede"
    KEEP = "keep"


class RuleRefused(Exception):
    """The rule cannot be: the message says why and what would be accepted."""


@dataclass(frozen=True, slots=True)
class Route:
    """A rule's apps by id: where releases come from and where they go."""

    name: str
    source: str
    targets: tuple[str, ...]


def check_route(new: Route, others: Iterable[Route], named: dict[str, str]) -> None:
    """Refuse a route that points at itself, shares a target with another source, or closes a ring.

    `others` are the live rules that are not off; `named` gives the apps' names for the message.
    """
    if new.source in new.targets:
        raise RuleRefused(f"{named[new.source]} cannot be promoted onto itself.")
    routes = list(others)
    for other in routes:
        shared = set(other.targets) & set(new.targets)
        if shared and other.source != new.source:
            target = named[min(shared)]
            raise RuleRefused(
                f"{target} already gets its releases from {named[other.source]} by rule"
                f" {other.name}. A target has one source: turn that rule off or remove it first."
            )
    if path := _way_back(new, routes):
        ring = " → ".join(named[app] for app in path)
        raise RuleRefused(f"This would promote in a ring: {ring}.")


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two rules with one source share targets: a release goes as soon as one of both lets it."""

    rule: str
    other: str
    source: str
    targets: tuple[str, ...]

    def message(self, named: Mapping[str, str]) -> str:
        """Tell it, with the apps' names."""
        to = " and ".join(named[target] for target in self.targets)
        return (
            f"Rules {self.rule} and {self.other} both promote {named[self.source]} to {to}:"
            " a release goes as soon as one of them lets it, whatever the other asks."
        )


def overlaps(routes: Iterable[Route]) -> list[Overlap]:
    """Find every pair of these routes, all of armed rules, that lead the same way."""
    return [
        Overlap(one.name, other.name, one.source, tuple(sorted(shared)))
        for one, other in combinations(routes, 2)
        if one.source == other.source and (shared := set(one.targets) & set(other.targets))
    ]


def _way_back(new: Route, others: list[Route]) -> list[str] | None:
    """Find the ring of apps that the new route would close; it starts and ends at its source."""
    stack = [(target, [new.source, target]) for target in new.targets]
    seen: set[str] = set()
    while stack:
        app, path = stack.pop()
        if app == new.source:
            return path
        if app in seen:
            continue
        seen.add(app)
        stack += [(t, [*path, t]) for other in others if other.source == app for t in other.targets]
    return None


def is_allowed(app: str, patterns: Iterable[str]) -> bool:
    """Return whether an app's name matches one of the patterns, as in AUTOPROMOTE_APPS."""
    return any(fnmatchcase(app, pattern) for pattern in patterns)


def in_order(routes: Iterable[Route]) -> list[str]:
    """Sort the apps of these routes, each once: a source before its targets, equals by id.

    If the routes close a ring, sort all of them by id.
    """
    feeds: dict[str, set[str]] = {}
    for route in routes:
        feeds.setdefault(route.source, set())
        for target in route.targets:
            feeds.setdefault(target, set()).add(route.source)
    sorter = TopologicalSorter(feeds)
    try:
        sorter.prepare()
    except CycleError:  # an old and a new route: each is valid, both together close a ring
        return sorted(feeds)
    found: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found += ready
        sorter.done(*ready)
    return found
