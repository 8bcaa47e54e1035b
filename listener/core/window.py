"""Times at which a rule promotes, or does not, by the clocks of one place, summer time included."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from listener.core import days, zones
from listener.core.days import BadWindow, Days
from listener.core.zones import BadZone

EXAMPLE = "Mon-Fri 09:00-16:30 Europe/London"
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
# A window opens again within a week; one whose hour a change of clocks swallows, a week later.
_DAYS_AHEAD = 15
_LONGEST = 400  # days that one closed time may last
_MOST_IN_A_ROW = 1000
_TIME = r"([01]?\d|2[0-4]):([0-5]\d)"
_FORM = re.compile(rf"(\S+)\s+{_TIME}-{_TIME}\s+(\S+)", re.ASCII)
_CLOSED = re.compile(
    r"(holidays\s+\S+|\d+\s+[A-Za-z]+(?:\s*-\s*\d+\s+[A-Za-z]+)?|\S+)"
    rf"(?:\s+{_TIME}-{_TIME})?(?:\s+(\S+))?",
    re.ASCII | re.IGNORECASE,
)
CLOSED_EXAMPLES = (
    "Sat#3 Europe/London",
    "24 Dec",
    "Mon-Fri 12:00-13:00 Europe/Berlin",
    "holidays GB",
)


@dataclass(frozen=True, slots=True)
class Window:
    """From one time of day up to, not including, another, on some days.

    One that ends when or before it begins goes on past midnight and belongs to the day on which it
    began. Times are what the clocks of the zone show; `24:00` is the end of a day.
    """

    days: Days
    opens: timedelta  # since midnight, by the clocks of the zone
    closes: timedelta
    zone: str
    text: str

    def covers(self, moment: datetime) -> bool:
        """Return whether this moment is inside."""
        local = moment.astimezone(ZoneInfo(self.zone))
        today, shown = local.date(), _clock(local)
        if self.opens < self.closes:
            return self.opens <= shown < self.closes and self.days.has(today)
        began_today = shown >= self.opens and self.days.has(today)
        return began_today or (shown < self.closes and self.days.has(today - _DAY))

    def name_at(self, moment: datetime) -> str:
        """Return the name of the day whose time this is, such as a holiday's; "" for none."""
        local = moment.astimezone(ZoneInfo(self.zone))
        is_of_yesterday = self.opens >= self.closes and _clock(local) < self.closes
        return self.days.name_of(local.date() - _DAY if is_of_yesterday else local.date())

    def next_start(self, moment: datetime) -> datetime | None:
        """Return the first moment from this one on that is inside, to the second, in UTC."""
        if self.covers(moment):
            return moment.astimezone(UTC)
        starts = self._edges(moment, self.opens, _DAYS_AHEAD)
        return next((at for at in starts if at > moment and self.covers(at)), None)

    def next_end(self, moment: datetime) -> datetime | None:
        """Return the first moment from this one on that is outside; None if none is near."""
        if not self.covers(moment):
            return moment.astimezone(UTC)
        ends = self._edges(moment, self.closes, _LONGEST)
        return next((at for at in ends if at > moment and not self.covers(at)), None)

    def edges(self, moment: datetime, days: int) -> Iterator[datetime]:
        """Yield, in no order, when it may begin or end from this day on, and perhaps others."""
        yield from self._edges(moment, self.opens, days)
        yield from self._edges(moment, self.closes, days)

    def _edges(self, moment: datetime, at: timedelta, days: int) -> Iterator[datetime]:
        """Yield, in order, when it may begin or end: at that hour, and where clocks change."""
        zone = ZoneInfo(self.zone)
        today = moment.astimezone(zone).date()
        for ahead in range(-1, days):
            day = today + ahead * _DAY
            yield from sorted([*_moments(day, at, zone), *_changes(day, zone)])


def _clock(local: datetime) -> timedelta:
    return timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)


def _moments(day: date, since_midnight: timedelta, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield when the clocks of the zone show this: mostly once, twice when they are put back."""
    shown = datetime.combine(day, time()) + since_midnight
    for fold in (0, 1):
        yield shown.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _changes(day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the moment within a day at which the zone's clocks are changed, if they are."""
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
    """Return the first moment that any of them covers; None where there is none."""
    openings = (window.next_start(moment) for window in windows)
    return min((at for at in openings if at is not None), default=None)


def next_end(closed: Sequence[Window], moment: datetime) -> datetime | None:
    """Return the first moment from this one on that none of them covers; None if none is near."""
    for _ in range(_MOST_IN_A_ROW):
        covering = [each for each in closed if each.covers(moment)]
        if not covering:
            return moment.astimezone(UTC)
        ends = [end for each in covering if (end := each.next_end(moment)) is not None]
        if len(ends) < len(covering):
            return None
        moment = max(ends)
    return None


def parse(text: str) -> Window:
    """Read a window such as `Mon-Fri 09:00-16:30 Europe/London`. Raises BadWindow."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise BadWindow(f"{text!r} is no window. Write it like {EXAMPLE!r}: days, times, zone.")
    return _window(days.weekdays(found[1]), found.groups()[1:5], _zone(found[6]), text)


def parse_closed(text: str) -> Window:
    """Read a closed time such as `Sat#3 Europe/London` or `holidays GB`. Raises BadWindow.

    Without times it is the whole day. A date without a zone is UTC's; holidays without one are by
    the clocks of their country, where it has one zone. The text of what is returned has the zone.
    """
    found = _CLOSED.fullmatch(" ".join(text.split()))
    if found is None:
        known = ", ".join(map(repr, CLOSED_EXAMPLES))
        raise BadWindow(f"{text!r} is no closed time. Write one like {known}.")
    meant = days.parse(found[1])
    zone = _zone(found[6]) if found[6] else _zone_of(meant, text)
    times = found.groups()[1:5] if found[2] else ("0", "00", "24", "00")
    return _window(meant, times, zone, text if found[6] else f"{text} {zone}")


def _zone_of(meant: Days, text: str) -> str:
    match meant:
        case days.Dates():
            return "UTC"
        case days.Holidays(country):
            if (zone := days.zone_of(country)) is not None:
                return zone
            raise BadWindow(f"{text!r} needs a zone, for {country} has several: add one.")
        case _:
            raise BadWindow(f"{text!r} needs a zone, like {CLOSED_EXAMPLES[0]!r}.")


def _window(meant: Days, times: Sequence[str], zone: str, text: str) -> Window:
    opens, closes = _since_midnight(times[0], times[1]), _since_midnight(times[2], times[3])
    if opens >= _DAY:
        raise BadWindow(f"It begins before 24:00: {text!r}.")
    return Window(meant, opens, closes, zone, " ".join(text.split()))


def _since_midnight(hours: str, minutes: str) -> timedelta:
    found = timedelta(hours=int(hours), minutes=int(minutes))
    if found > _DAY:
        raise BadWindow(f"A day ends at 24:00, so there is no {hours}:{minutes}.")
    return found


def _zone(name: str) -> str:
    try:
        return zones.check(name)
    except BadZone as error:
        raise BadWindow(str(error)) from error
