"""Histograms for `/metrics`, of every process alike: counted by the database, and once each."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from listener.core.promotion import RELEASE_PHASE_FOR
from listener.db import apps, releases
from listener.db import figures as stored
from listener.db.engine import Database
from listener.db.figures import Delay, Tally

# From seconds, where nothing makes a release wait, to a week: 1 s, 5 s, 15 s, 1 min, 5 min …
BOUNDS = (1, 5, 15, 60, 300, 900, 3600, 14400, 43200, 86400, 259200, 604800)
MOST_APPS = 100  # that have a label of their own; those that came later share one
OTHER = "other"
SETTLED_FOR = 2 * RELEASE_PHASE_FOR  # what is older changes no more
MOST_AT_ONCE = 20_000
FOLD_EVERY = timedelta(minutes=10)


@dataclass
class Histogram:
    """How many of something reached each bound, and all of it in seconds."""

    counts: Counter[int] = field(default_factory=Counter)  # by bucket
    seconds: float = 0.0

    def add(self, other: Tally) -> None:
        """Count what the database counted."""
        self.counts[other.bucket] += other.count
        self.seconds += other.seconds

    @property
    def cumulative(self) -> list[tuple[str, float]]:
        """What Prometheus wants: how many are at most so long, for each bound."""
        edges = [*(f"{bound:.1f}" for bound in BOUNDS), "+Inf"]
        total = 0
        found: list[tuple[str, float]] = []
        for bucket, edge in enumerate(edges):
            total += self.counts[bucket]
            found.append((edge, total))
        return found


Histograms = Mapping[tuple[Delay, str], Histogram]


class Delays:
    """Reads the histograms; all but the last hours once in a process's life."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._kept: list[Tally] = []
        self._until = datetime.min.replace(tzinfo=UTC)

    def read(self) -> Histograms:
        """Return a histogram for each delay and target, by the target's name."""
        with self._lock:
            self._catch_up()
            with self._database.begin() as conn:
                late = stored.tally(conn, BOUNDS, after=self._until, until=releases.now(conn))
                tallies = [*self._kept, *late]
                names = apps.names(conn, {each.app_id for each in tallies})
        return _by_name(tallies, names)

    def _catch_up(self) -> None:
        """Read what is settled by now and was not read yet, in parts, and keep each."""
        with self._database.begin() as conn:
            settled = releases.now(conn) - SETTLED_FOR
        while settled - self._until > FOLD_EVERY:
            with self._database.begin() as conn:
                until = stored.made_until(conn, self._until, settled, most=MOST_AT_ONCE)
                fresh = stored.tally(conn, BOUNDS, after=self._until, until=until)
            self._kept, self._until = _folded([*self._kept, *fresh]), until


def _folded(tallies: list[Tally]) -> list[Tally]:
    """Add up what is of one bucket."""
    found: dict[tuple[Delay, str, int], Tally] = {}
    for each in tallies:
        key = each.delay, each.app_id, each.bucket
        old = found.get(key)
        found[key] = each if old is None else _sum(old, each)
    return list(found.values())


def _sum(one: Tally, other: Tally) -> Tally:
    first = min(one.first, other.first)
    count, seconds = one.count + other.count, one.seconds + other.seconds
    return Tally(one.delay, one.app_id, first, one.bucket, count, seconds)


def _by_name(tallies: list[Tally], names: Mapping[str, str]) -> Histograms:
    begun: dict[str, int] = {}
    for each in tallies:
        begun[each.app_id] = min(each.first, begun.get(each.app_id, each.first))
    own = set(sorted(begun, key=lambda app_id: begun[app_id])[:MOST_APPS])
    found: dict[tuple[Delay, str], Histogram] = defaultdict(Histogram)
    for each in tallies:
        name = names.get(each.app_id, OTHER) if each.app_id in own else OTHER
        found[each.delay, name].add(each)
    return found
