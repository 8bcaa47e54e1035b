"""A moment as sentences have it: to the minute, in UTC, or how long ago it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def shown(moment: datetime) -> str:
    """`2026-03-02 14:30 UTC`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


_UNITS = (
    (timedelta(days=1), "d"),
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "min"),
    (timedelta(seconds=1), "s"),
)


def ago(moment: datetime, now: datetime) -> str:
    """Say `12 s ago`, in the largest unit that is filled; two clocks may differ by a little."""
    past = max(now - moment, timedelta())
    size, unit = next((each for each in _UNITS if past >= each[0]), _UNITS[-1])
    return f"{past // size} {unit} ago"
