"""Which days are meant: of the week, of the month, of the year, or a country's public holidays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Protocol

NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
EVERY_DAY = "daily"
_NTH = re.compile(r"([A-Za-z]{3})#([1-5])", re.ASCII)
_DATE = re.compile(r"(\d{1,2})\s+([A-Za-z]{3})", re.ASCII)
_DATES = re.compile(rf"{_DATE.pattern}(?:\s*-\s*{_DATE.pattern})?", re.ASCII)
_HOLIDAYS = re.compile(r"holidays\s+([A-Z]{2})(?:-([A-Z0-9]{1,4}))?", re.ASCII | re.IGNORECASE)
_LEAP_YEAR = 2024


class BadWindow(ValueError):
    """The text is no window; the message says why, and how one is written."""


class Days(Protocol):
    """Some days of the calendar."""

    def has(self, day: date) -> bool:
        """Return whether this is one of the days."""

    def name_of(self, day: date) -> str:
        """Return what this one of the days is called; "" where it has no name of its own."""


class _Nameless:
    __slots__ = ()

    def name_of(self, day: date) -> str:
        """Return no name."""
        return ""


@dataclass(frozen=True, slots=True)
class Weekdays(_Nameless):
    """Days of every week; Monday is 0."""

    days: frozenset[int]

    def has(self, day: date) -> bool:
        """Return whether this is one of the days."""
        return day.weekday() in self.days


@dataclass(frozen=True, slots=True)
class NthWeekday(_Nameless):
    """A day of the week that comes the nth time in its month, such as the third Saturday."""

    weekday: int
    nth: int

    def has(self, day: date) -> bool:
        """Return whether this is one of the days."""
        return day.weekday() == self.weekday and (day.day - 1) // 7 + 1 == self.nth


@dataclass(frozen=True, slots=True)
class Dates(_Nameless):
    """From one date up to and with another, every year; both as month and day."""

    first: tuple[int, int]
    last: tuple[int, int]

    def has(self, day: date) -> bool:
        """Return whether this is one of the days."""
        found = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= found <= self.last
        return found >= self.first or found <= self.last


@dataclass(frozen=True, slots=True)
class Holidays:
    """The public holidays of a country, or of a part of it, by ISO 3166."""

    country: str
    part: str | None

    def has(self, day: date) -> bool:
        """Return whether this is one of the days."""
        return day in _holidays(self.country, self.part, day.year)

    def name_of(self, day: date) -> str:
        """Return the holiday's name."""
        return _holidays(self.country, self.part, day.year).get(day, "")


def weekdays(text: str) -> Weekdays:
    """Read days of the week such as `Mon-Fri`, `Mon,Wed` or `daily`. Raises BadWindow."""
    if text.casefold() == EVERY_DAY:
        return Weekdays(frozenset(range(7)))
    return Weekdays(frozenset(day for part in text.split(",") for day in _range(part, text)))


def parse(text: str) -> Days:
    """Read `Mon-Fri`, `Sat#3`, `24 Dec`, `24 Dec-2 Jan`, `holidays GB` or `holidays DE-BY`.

    Raises BadWindow.
    """
    if (found := _HOLIDAYS.fullmatch(text)) is not None:
        country, part = found[1].upper(), found[2].upper() if found[2] else None
        _holidays(country, part, _LEAP_YEAR)
        return Holidays(country, part)
    if (found := _NTH.fullmatch(text)) is not None:
        return NthWeekday(_weekday(found[1], text), int(found[2]))
    if (found := _DATES.fullmatch(text)) is not None:
        first = _month_and_day(found[1], found[2])
        return Dates(first, _month_and_day(found[3], found[4]) if found[3] else first)
    return weekdays(text)


def _range(part: str, text: str) -> Iterator[int]:
    first, dash, last = part.partition("-")
    begin = _weekday(first, text)
    end = _weekday(last, text) if dash else begin
    for ahead in range((end - begin) % 7 + 1):
        yield (begin + ahead) % 7


def _weekday(word: str, text: str) -> int:
    named = [number for number, day in enumerate(NAMES) if day.casefold() == word.casefold()]
    if not named:
        known = f"{', '.join(NAMES)} or {EVERY_DAY}"
        raise BadWindow(f"{text!r} are no days. Write them like Mon-Fri or Mon,Wed: {known}.")
    return named[0]


def _month_and_day(day: str, month: str) -> tuple[int, int]:
    named = [number for number, name in enumerate(MONTHS, 1) if name.casefold() == month.casefold()]
    if not named:
        raise BadWindow(f"{month!r} is no month. Write {', '.join(MONTHS)}.")
    try:
        found = date(_LEAP_YEAR, named[0], int(day))
    except ValueError as error:
        raise BadWindow(f"There is no {day} {MONTHS[named[0] - 1]}.") from error
    return found.month, found.day


@lru_cache(maxsize=256)
def _holidays(country: str, part: str | None, year: int) -> dict[date, str]:
    """Return the public holidays of one year. Raises BadWindow for an unknown country or part."""
    import holidays  # noqa: PLC0415 - it is large, and few rules ask for it

    try:
        return dict(holidays.country_holidays(country, subdiv=part, years=year))
    except NotImplementedError as error:
        where = f"{country}-{part}" if part else country
        message = f"The holidays of {where!r} are not known. Write a code like GB, DE-BY or US-CA."
        raise BadWindow(message) from error


def zone_of(country: str) -> str | None:
    """Return the only time zone of a country; None where it has several.

    Source: zone1970.tab of the IANA database, which names a zone's main country first.
    """
    rows = [
        (codes.split(","), zone)
        for line in files("tzdata.zoneinfo").joinpath("zone1970.tab").read_text().splitlines()
        if line and not line.startswith("#")
        for codes, _, zone, *_ in [line.split("\t")]
    ]
    own = [zone for codes, zone in rows if codes[0] == country]
    found = own or [zone for codes, zone in rows if country in codes]
    return found[0] if len(found) == 1 else None
