"""Time zones as people name them: a place of the IANA database (`Area/City`), or UTC."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from zoneinfo import available_timezones

UTC = "UTC"
_EXAMPLE = "Europe/London"
# An abbreviation names an offset, in summer and winter alike, and its clocks no place: 09:00 EST is
# 10:00 in New York from March to November. Each is answered with a place that likely is meant.
_PLACES = {
    "AEDT": "Australia/Sydney",
    "AEST": "Australia/Sydney",
    "AKDT": "America/Anchorage",
    "AKST": "America/Anchorage",
    "BRT": "America/Sao_Paulo",
    "BST": "Europe/London",
    "CDT": "America/Chicago",
    "CEST": "Europe/Berlin",
    "CET": "Europe/Berlin",
    "CST": "America/Chicago",
    "EDT": "America/New_York",
    "EEST": "Europe/Helsinki",
    "EET": "Europe/Helsinki",
    "EST": "America/New_York",
    "ET": "America/New_York",
    "GMT": "Europe/London",
    "HKT": "Asia/Hong_Kong",
    "HST": "Pacific/Honolulu",
    "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo",
    "KST": "Asia/Seoul",
    "MDT": "America/Denver",
    "MSK": "Europe/Moscow",
    "MST": "America/Denver",
    "NZDT": "Pacific/Auckland",
    "NZST": "Pacific/Auckland",
    "PDT": "America/Los_Angeles",
    "PST": "America/Los_Angeles",
    "PT": "America/Los_Angeles",
    "SAST": "Africa/Johannesburg",
    "SGT": "Asia/Singapore",
    "WEST": "Europe/Lisbon",
    "WET": "Europe/Lisbon",
    "Z": UTC,
}


class BadZone(ValueError):
    """The text is no time zone; the message names what likely is meant, or an example."""


def check(name: str) -> str:
    """Return the name of a time zone as it is. Raises BadZone."""
    known = _known()
    if name in known:
        return name
    words = f"{name!r} is no time zone like {_EXAMPLE}, or UTC"
    meant = _PLACES.get(name.upper()) or _meant(name.casefold(), known)
    raise BadZone(f"{words}. Did you mean {meant}?" if meant else f"{words}.")


@cache
def _known() -> frozenset[str]:
    """They are read once, for each reading takes some ms; `Etc/GMT+5` is five hours *behind*."""
    places = (name for name in available_timezones() if "/" in name)
    return frozenset({name for name in places if not name.startswith("Etc/")} | {UTC})


def _meant(name: str, known: frozenset[str]) -> str | None:
    by_name = {each.casefold(): each for each in sorted(known)}
    by_city = {each.rpartition("/")[2].casefold(): each for each in sorted(known, reverse=True)}
    if found := by_city.get(name.rpartition("/")[2]) or by_name.get(name):
        return found
    near = get_close_matches(name, by_name, n=1, cutoff=0.75) if "/" in name else []
    near_city = get_close_matches(name, by_city, n=1, cutoff=0.75) if len(name) > 4 else []
    return by_name[near[0]] if near else by_city[near_city[0]] if near_city else None
