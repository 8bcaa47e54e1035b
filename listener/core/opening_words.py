"""The days of a rule's calendar as words: hours, and what keeps promotions from going."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from listener.core.days import Weekdays
from listener.core.openings import Day, Span, Stop

ALL_DAY = "all day"
CLOSED, FREEZE, HOLD = "closed", "freeze", "hold"
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Note:
    """What keeps promotions from going on a day, or makes its length."""

    text: str
    word: str = ""  # closed, freeze or hold

    @property
    def line(self) -> str:
        """All of it."""
        return f"{self.word} {self.text}".lstrip()


def local(moment: datetime, zone: str, *, now: datetime) -> str:
    """Write a moment by the clocks of a zone, like `Mon 30 Nov 09:00 GMT`."""
    there, today = moment.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone))
    year = f" {there.year}" if there.year != today.year else ""
    return f"{there:%a} {there.day} {there:%b}{year} {there:%H:%M} {there.tzname()}"


def all_hours(day: Day, zone: str) -> list[str]:
    """Write the hours of a day in which promotions go."""
    return [hours(span, day, zone) for span in day.open]


def hours(span: Span, day: Day, zone: str) -> str:
    """Write a stretch of a day like `09:00–16:30`; on a day of another length, with the zone."""
    if _lasts(span, day):
        return ALL_DAY
    begin, end = (at.astimezone(ZoneInfo(zone)) for at in (span.starts_at, span.ends_at))
    until = "24:00" if span.ends_at == day.ends_at else f"{end:%H:%M}"
    if day.length == _A_DAY:
        return f"{begin:%H:%M}–{until}"
    return f"{begin:%H:%M} {begin.tzname()}–{until} {end.tzname()}"


def notes(day: Day, zone: str) -> list[Note]:
    """Say what keeps promotions from going on a day, each thing once."""
    # What lasts all day tells enough; so do the hours of what comes every week.
    lasting = [stop for stop in day.stops if _lasts(stop, day)]
    stops = lasting or [stop for stop in day.stops if not _is_weekly(stop)]
    return [*_length(day), *dict.fromkeys(_note(stop, day, zone) for stop in stops)]


def _length(day: Day) -> list[Note]:
    if day.length == _A_DAY:
        return []
    how = "forward" if day.length < _A_DAY else "back"
    return [Note(f"{day.length / timedelta(hours=1):g} hours: clocks go {how}")]


def _lasts(span: Span, day: Day) -> bool:
    return (span.starts_at, span.ends_at) == (day.starts_at, day.ends_at)


def _is_weekly(stop: Stop) -> bool:
    return stop.closed is not None and isinstance(stop.closed.days, Weekdays)


def _note(stop: Stop, day: Day, zone: str) -> Note:
    when = hours(stop, day, zone)
    if stop.hold is not None:
        return Note(when, word_of(stop.hold.kind))
    return Note(why(stop) if when == ALL_DAY else f"{when}: {why(stop)}", CLOSED)


def why(stop: Stop) -> str:
    """Return the name of the day that is closed, else the closed time; or the hold's reason."""
    if stop.hold is not None:
        return stop.hold.reason
    return stop.name or (stop.closed.text if stop.closed is not None else "")


def word(stop: Stop) -> str:
    """Return the word for what stops."""
    return word_of(stop.hold.kind) if stop.hold is not None else CLOSED


def word_of(kind: str) -> str:
    """Return the word for a kind of hold."""
    return FREEZE if kind == FREEZE else HOLD
