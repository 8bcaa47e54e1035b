"""Moments as people write them: by the clocks of a place, or with their offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from listener.core import zones
from listener.core.zones import BadZone

EXAMPLE = "2026-12-24 18:00 Europe/London"
_FORM = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[ T](\d{1,2}:\d\d(?::\d\d)?))?\s+([A-Za-z][\w+/-]*)", re.ASCII
)


class BadTime(ValueError):
    """The text is no moment; the message says why, and how one is written."""


def parse(text: str) -> datetime:
    """Read `2026-12-24 18:00 Europe/London`, or a time with its offset; return it in UTC.

    A date alone is its first moment. Raises BadTime.
    """
    try:
        return _parsed(text)
    except OverflowError as error:  # at the ends of the calendar, in another zone
        raise BadTime(f"a time is written like {EXAMPLE}, or 2026-12-24T18:00:00Z") from error


def _parsed(text: str) -> datetime:
    found = _FORM.fullmatch(text.strip())
    if found is None:
        return _absolute(text)
    day, time, name = found.groups()
    zone = _zone(name)
    try:
        local = datetime.fromisoformat(f"{day} {(time or '00:00').zfill(5)}")
    except ValueError as error:
        raise BadTime(f"there is no {day} {time or ''}".rstrip()) from error
    return _moment(local, zone, name)


def _absolute(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadTime(f"a time is written like {EXAMPLE}, or 2026-12-24T18:00:00Z") from error
    if moment.tzinfo is None:
        raise BadTime(f"a time needs its zone, like {EXAMPLE}, or 2026-12-24T18:00:00Z")
    return moment.astimezone(UTC)


def _moment(local: datetime, zone: ZoneInfo, name: str) -> datetime:
    """Return the one moment at which the clocks of the zone show this. Raises BadTime."""
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    shown = f"{local:%Y-%m-%d %H:%M}"
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
        raise BadTime(
            f"{shown} does not come in {name}: its clocks are put forward then;"
            f" write the time before or after"
        )
    if first.utcoffset() != second.utcoffset():
        both = f"{first.isoformat(timespec='minutes')} or {second.isoformat(timespec='minutes')}"
        raise BadTime(f"{shown} comes twice in {name}: its clocks are put back then; write {both}")
    return first.astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(zones.check(name))
    except BadZone as error:
        raise BadTime(str(error)) from error
