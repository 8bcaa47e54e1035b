"""When a rule lets promotions go: inside its windows, outside its closed times and of holds.

It asks the same windows, days and holds as the gates `window`, `closed` and `hold`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
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
        if asked.unreadable:  # their gates let nothing go
            return False
        is_inside = not asked.windows or any(each.covers(moment) for each in asked.windows)
        stops = any(each.covers(moment) for each in asked.closed)
        return is_inside and not stops and not any(hold.is_in_force(moment) for hold in self.holds)

    def next(self, moment: datetime) -> datetime | None:
        """Return the first moment from this one on that is open; None where none is in sight.

        What opens within the days of the calendar is always in sight; later times mostly are.
        """
        if self.conditions.unreadable:
            return None
        begin = moment
        for _ in range(_MOST_WAITS + 2 * len(self.holds)):  # a hold that has ended comes no more
            later = self._later(moment)
            if later is None or later <= moment:
                return later
            moment = later
        spans = (span for day in self.days(begin) for span in day.open)
        return next((max(span.starts_at, begin) for span in spans if span.ends_at > begin), None)

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

    def until(self, moment: datetime) -> datetime | None:
        """Return when what is open at this moment ends; None where it does not within the days."""
        end, days = moment, self.days(moment)
        for span in (span for day in days for span in day.open):
            if span.starts_at <= end < span.ends_at:
                end = span.ends_at
        return end if moment < end < days[-1].ends_at else None

    def days(self, now: datetime) -> tuple[Day, ...]:
        """Return the days from today on, by the clocks of the zone."""
        today = now.astimezone(ZoneInfo(self.zone)).date()
        return tuple(_held(day, self.holds) for day in days_of(self.conditions, today))


# They cost some time, and change with the rule and the day alone; many targets have holds beside.
@lru_cache(maxsize=128)
def days_of(conditions: Conditions, today: date) -> tuple[Day, ...]:
    """Return the days of a rule whose targets nobody holds."""
    openings = Openings(conditions)
    zone = ZoneInfo(openings.zone)
    begins = [_begin(today + ahead * _DAY, zone) for ahead in range(DAYS + 1)]
    clocks = (*conditions.windows, *conditions.closed)
    changes = (at for each in clocks for at in each.edges(begins[0], DAYS + _SPARE))
    edges = sorted({*begins, *changes})
    return tuple(
        _day(openings, today + ahead * _DAY, [at for at in edges if start <= at <= end])
        for ahead, (start, end) in enumerate(pairwise(begins))
    )


def _day(openings: Openings, day: date, edges: Sequence[datetime]) -> Day:
    """Put a day together: between two edges nothing changes, so the first tells for both."""
    pieces = [Span(*each) for each in pairwise(edges)]
    is_open = (piece for piece in pieces if openings.is_open(piece.starts_at))
    stops = (stop for each in openings.conditions.closed for stop in _joined(_stops(each, pieces)))
    return Day(edges[0], edges[-1], day, tuple(_joined(is_open)), tuple(stops))


def _stops(closed: Window, pieces: Sequence[Span]) -> Iterator[Stop]:
    for piece in pieces:
        if closed.covers(piece.starts_at):
            name = closed.name_at(piece.starts_at)
            yield Stop(piece.starts_at, piece.ends_at, closed, name)


def _held(day: Day, holds: Sequence[Hold]) -> Day:
    """Return a day as it is with holds on the target."""
    stops = [stop for hold in holds for stop in _stop(day, hold)]
    open_ = day.open
    for stop in stops:
        open_ = tuple(piece for span in open_ for piece in _without(span, stop))
    return replace(day, open=open_, stops=(*day.stops, *stops))


def _stop(day: Day, hold: Hold) -> Iterator[Stop]:
    """Yield the stretch of a day in which a hold is in force, if it is."""
    begin = max(hold.starts_at or day.starts_at, day.starts_at)
    end = min(hold.ends_at or day.ends_at, day.ends_at)
    if begin < end:
        yield Stop(begin, end, hold=hold)


def _without(span: Span, stop: Span) -> Iterator[Span]:
    """Yield what is left of a stretch of time."""
    before = Span(span.starts_at, min(span.ends_at, stop.starts_at))
    after = Span(max(span.starts_at, stop.ends_at), span.ends_at)
    yield from (piece for piece in (before, after) if piece.starts_at < piece.ends_at)


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
