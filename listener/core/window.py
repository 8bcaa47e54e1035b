"""Promotion windows: times of the week, by the clocks of one place, summer time included."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo, available_timezones

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
EVERY_DAY = "daily"
EXAMPLE = "Mon-Fri 09:00-16:30 Europe/London"
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
# A window opens again within a week; one whose hour a change of clocks swallows, a week later.
_DAYS_AHEAD = 15
_TIME = r"([01]?\d|2[0-4]):([0-5]\d)"
_FORM = re.compile(rf"(\S+)\s+{_TIME}-{_TIME}\s+(\S+)", re.ASCII)


class BadWindow(ValueError):
    """The text is no window; the message says why, and how one is written."""


@dataclass(frozen=True, slots=True)
class Window:
    """From one time of day up to, not including, another, on some days of the week.

    One that ends when or before it begins goes on past midnight and belongs to the day on which it
    began. Times are what the clocks of the zone show; `24:00` is the end of a day.
    """

    days: frozenset[int]  # Monday is 0
    opens: timedelta  # since midnight, by the clocks of the zone
    closes: timedelta
    zone: str
    text: str

    def is_open(self, moment: datetime) -> bool:
        """Whether it is open at this moment."""
        local = moment.astimezone(ZoneInfo(self.zone))
        shown = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
        if self.opens < self.closes:
            return local.weekday() in self.days and self.opens <= shown < self.closes
        began_today = local.weekday() in self.days and shown >= self.opens
        began_yesterday = (local.weekday() - 1) % 7 in self.days and shown < self.closes
        return began_today or began_yesterday

    def next_opening(self, moment: datetime) -> datetime | None:
        """The first moment from this one on at which it is open, to the second, in UTC."""
        if self.is_open(moment):
            return moment.astimezone(UTC)
        openings = (at for at in self._openings(moment) if at > moment and self.is_open(at))
        return min(openings, default=None)

    def _openings(self, moment: datetime) -> Iterator[datetime]:
        """Every moment at which it may open: its hour, and where the clocks are put forward."""
        zone = ZoneInfo(self.zone)
        today = moment.astimezone(zone).date()
        for ahead in range(-1, _DAYS_AHEAD):
            day = today + ahead * _DAY
            yield from _moments(day, self.opens, zone)
            yield from _changes(day, zone)


def _moments(day: date, since_midnight: timedelta, zone: ZoneInfo) -> Iterator[datetime]:
    """When the clocks of the zone show this: once as a rule, twice when they are put back."""
    shown = datetime.combine(day, time()) + since_midnight
    for fold in (0, 1):
        yield shown.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _changes(day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """The moment within a day at which the zone's clocks are changed, if they are."""
    begin = datetime.combine(day, time(), zone).astimezone(UTC)
    end = begin + _DAY
    before = begin.astimezone(zone).utcoffset()
    if before == end.astimezone(zone).utcoffset():
        return
    while end - begin > _SECOND:
        middle = begin + (end - begin) // 2
        if middle.astimezone(zone).utcoffset() == before:
            begin = middle
        else:
            end = middle
    yield end.replace(microsecond=0)


def next_opening(windows: Iterable[Window], moment: datetime) -> datetime | None:
    """The first moment at which any of them is open; None where there is none."""
    openings = (window.next_opening(moment) for window in windows)
    return min((at for at in openings if at is not None), default=None)


def parse(text: str) -> Window:
    """Read a window such as `Mon-Fri 09:00-16:30 Europe/London`. Raises BadWindow."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise BadWindow(f"{text!r} is no window. Write it like {EXAMPLE!r}: days, times, zone.")
    days, zone = _days(found[1]), _zone(found[6])
    opens, closes = _since_midnight(found[2], found[3]), _since_midnight(found[4], found[5])
    if opens >= _DAY:
        raise BadWindow(f"A window opens before 24:00: {text!r}.")
    return Window(days, opens, closes, zone, " ".join(text.split()))


def _since_midnight(hours: str, minutes: str) -> timedelta:
    found = timedelta(hours=int(hours), minutes=int(minutes))
    if found > _DAY:
        raise BadWindow(f"A day ends at 24:00, so there is no {hours}:{minutes}.")
    return found


def _days(text: str) -> frozenset[int]:
    if text.casefold() == EVERY_DAY:
        return frozenset(range(7))
    return frozenset(day for part in text.split(",") for day in _range(part, text))


def _range(part: str, text: str) -> Iterator[int]:
    first, dash, last = part.partition("-")
    begin = _day(first, text)
    end = _day(last, text) if dash else begin
    for ahead in range((end - begin) % 7 + 1):
        yield (begin + ahead) % 7


def _day(word: str, text: str) -> int:
    named = [number for number, day in enumerate(DAYS) if day.casefold() == word.casefold()]
    if not named:
        known = f"{', '.join(DAYS)} or {EVERY_DAY}"
        raise BadWindow(f"{text!r} are no days. Write them like Mon-Fri or Mon,Wed: {known}.")
    return named[0]


def _zone(name: str) -> str:
    known = available_timezones()
    if name in known:
        return name
    by_case = {each.casefold(): each for each in sorted(known)}
    near = get_close_matches(name.casefold(), by_case, n=1, cutoff=0.5)
    meant = f" Did you mean {by_case[near[0]]}?" if near else " Write one like Europe/London."
    raise BadWindow(f"{name!r} is no time zone of the IANA database.{meant}")
