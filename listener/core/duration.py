"""Lengths of time as people write them: with units, always."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_FORM = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?", re.ASCII)
LONGEST = timedelta(days=366)


class BadDuration(ValueError):
    """The text is no length of time; the message says how one is written."""


def parse(text: str, *, longest: timedelta = LONGEST) -> timedelta:
    """Read `30m`, `2h` or `1d12h`. Raises BadDuration, also where it is longer than `longest`."""
    found = _FORM.fullmatch(text.strip())
    if not text.strip() or found is None:
        raise BadDuration(f"{text!r} is no duration: write a number with s, m, h or d, like 30m.")
    counts = (int(count or 0) for count in found.groups())
    seconds = sum(count * unit for count, unit in zip(counts, _UNITS.values(), strict=True))
    if seconds > longest.total_seconds():
        raise BadDuration(f"{text} is longer than {show(longest)}.")
    return timedelta(seconds=seconds)


def show(duration: timedelta) -> str:
    """Write it the way it is read: `1d12h`; `0s` for none."""
    left, parts = int(duration.total_seconds()), []
    for unit, size in _UNITS.items():
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def show_roughly(duration: timedelta) -> str:
    """Write it for people, in its two largest units: `3 d 20 h`, `32 min`, `under 1 min`."""
    minutes = max(int(duration.total_seconds()), 0) // 60
    days, hours = divmod(minutes // 60, 24)
    parts = [(days, "d"), (hours, "h"), (minutes % 60, "min")]
    told = [f"{count} {unit}" for count, unit in parts if count]
    return " ".join(told[:2]) or "under 1 min"


def format_moment(moment: datetime) -> str:
    """Write a moment like `2026-03-02 14:30 UTC`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def format_exactly(moment: datetime) -> str:
    """Write a moment with its seconds, like `2026-03-02 14:30:05 UTC`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


_AGO_UNITS = (
    (timedelta(days=1), "d"),
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "min"),
    (timedelta(seconds=1), "s"),
)


def ago(moment: datetime, now: datetime) -> str:
    """Say `12 s ago`, in the largest unit that is filled; two clocks may differ by a little."""
    past = max(now - moment, timedelta())
    size, unit = next((each for each in _AGO_UNITS if past >= each[0]), _AGO_UNITS[-1])
    return f"{past // size} {unit} ago"
