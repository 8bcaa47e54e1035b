"""When a rule lets promotions go: inside its windows, outside its closed times and of holds.

It asks the same windows, days and holds as the gates `window`, `closed` and `hold`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo

from listener.core import window, zones
from listener.core.gates.base import Hold
from listener.core.gates.options import Conditions
from listener.core.window import Window

DAYS = 14
_DAY = timedelta(days=1)
_SPARE = 2  # other zones may be a day behind or ahead
_MOST_WAITS = 50
Kind = TypeVar("Kind", bound="Span")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time up to, not including, its end."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Stop(Span):
    """A stretch of time in which a closed time of the rule, or a hold, lets nothing go."""

    closed: Window | None = None
    name: str = ""  # of the day that is closed, such as a holiday's
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Day(Span):
    """A day by the clocks of one zone: mostly of 24 hours."""

    on: date
    open: tuple[Span, ...]  # when promotions go
    stops: tuple[Stop, ...]

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return self.ends_at - self.starts_at


@dataclass(frozen=True, slots=True)
class Openings:
    """When a rule's promotions to a target may go."""

    conditions: Conditions
    holds: tuple[Hold, ...] = ()  # on the target

    @property
    def zone(self) -> str:
        """The zone of the rule's first window, or closed time; else UTC."""
        clocks = (*self.conditions.windows, *self.conditions.closed)
        return clocks[0].zone if clocks else zones.UTC

    def is_open(self, moment: datetime) -> bool:
        """Return whether promotions go at this moment."""
        asked = self.conditions
        is_inside = not asked.windows or any(each.covers(moment) for each in asked.windows)
        stops = any(each.covers(moment) for each in asked.closed)
        return is_inside and not stops and not any(hold.is_in_force(moment) for hold in self.holds)

    def next(self, moment: datetime) -> datetime | None:
        """Return the first moment from this one on that is open; None where none is known."""
        for _ in range(_MOST_WAITS):
            later = self._later(moment)
            if later is None or later <= moment:
                return later
            moment = later
        return None

    def _later(self, moment: datetime) -> datetime | None:
        """Return this moment if it is open; else a later one up to which none is."""
        asked = self.conditions
        found: datetime | None = moment.astimezone(UTC)
        if asked.windows and not any(each.covers(moment) for each in asked.windows):
            found = window.next_opening(asked.windows, moment)
        elif any(each.covers(moment) for each in asked.closed):
            found = window.next_end(asked.closed, moment)
        else:
            ends = [hold.ends_at for hold in self.holds if hold.is_in_force(moment)]
            if ends:
                found = None if None in ends else max(filter(None, ends))
        return found

    def until(self, moment: datetime, *, days: int = DAYS) -> datetime | None:
        """Return when what is open at this moment ends; None where it does not within the days."""
        edges = (edge for edge in self._edges(moment, days) if edge > moment)
        return next((edge for edge in sorted(edges) if not self.is_open(edge)), None)

    def days(self, now: datetime, *, count: int = DAYS) -> tuple[Day, ...]:
        """Return the days from today on, by the clocks of the zone."""
        zone = ZoneInfo(self.zone)
        today = now.astimezone(zone).date()
        begins = [_begin(today + ahead * _DAY, zone) for ahead in range(count + 1)]
        edges = sorted({*begins, *self._edges(begins[0], count + _SPARE)})
        return tuple(
            self._day(today + ahead * _DAY, [at for at in edges if start <= at <= end])
            for ahead, (start, end) in enumerate(pairwise(begins))
        )

    def _day(self, day: date, edges: Sequence[datetime]) -> Day:
        """Put a day together: between two edges nothing changes, so the first tells for both."""
        pieces = [Span(*each) for each in pairwise(edges)]
        is_open = (piece for piece in pieces if self.is_open(piece.starts_at))
        stops = (stop for each in self._stops(pieces) for stop in _joined(each))
        return Day(edges[0], edges[-1], day, tuple(_joined(is_open)), tuple(stops))

    def _stops(self, pieces: Sequence[Span]) -> Iterator[Iterator[Stop]]:
        """Yield the stretches of each closed time, and of each hold, apart."""
        for each in self.conditions.closed:
            yield (
                Stop(piece.starts_at, piece.ends_at, each, each.name_at(piece.starts_at))
                for piece in pieces
                if each.covers(piece.starts_at)
            )
        for hold in self.holds:
            yield (
                Stop(piece.starts_at, piece.ends_at, hold=hold)
                for piece in pieces
                if hold.is_in_force(piece.starts_at)
            )

    def _edges(self, moment: datetime, days: int) -> Iterator[datetime]:
        for each in (*self.conditions.windows, *self.conditions.closed):
            yield from each.edges(moment, days)
        for hold in self.holds:
            yield from (at for at in (hold.starts_at, hold.ends_at) if at is not None)


def _begin(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _joined(spans: Iterable[Kind]) -> Iterator[Kind]:
    """Join what follows upon each other and is alike but for its time."""
    last: Kind | None = None
    for span in spans:
        if last is not None and span == replace(last, starts_at=last.ends_at, ends_at=span.ends_at):
            last = replace(last, ends_at=span.ends_at)
            continue
        if last is not None:
            yield last
        last = span
    if last is not None:
        yield last
