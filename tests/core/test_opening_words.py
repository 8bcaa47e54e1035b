"""A day of a rule's calendar as words, also where clocks change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from listener.core.gates.base import Hold
from listener.core.gates.options import parse
from listener.core.opening_words import all_hours, local, notes
from listener.core.openings import Day, Openings

OFFICE = "Mon-Fri 09:00-16:30 Europe/London"
LUNCH = "Mon-Fri 12:00-12:45 Europe/London"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def first(text: str, *holds: Hold, **conditions: Any) -> tuple[Day, str]:
    """The day of this moment, and the zone of its clocks."""
    openings = Openings(parse(conditions), holds)
    return openings.days(utc(text))[0], openings.zone


@pytest.mark.parametrize(
    ("moment", "windows", "hours", "said"),
    [
        ("2026-11-26T08:00", [OFFICE], ["09:00–16:30"], []),
        ("2026-11-28T08:00", [OFFICE], [], []),
        ("2026-11-28T08:00", ["daily 22:00-02:00 UTC"], ["00:00–02:00", "22:00–24:00"], []),
        ("2026-11-28T08:00", [], ["all day"], []),
        (
            "2026-10-25T08:00",
            ["daily 01:30-09:00 Europe/London"],
            ["01:30 BST–01:00 GMT", "01:30 GMT–09:00 GMT"],
            ["25 hours: clocks go back"],
        ),
        (
            "2026-03-29T08:00",
            ["daily 00:30-09:00 Europe/London"],
            ["00:30 GMT–09:00 BST"],
            ["23 hours: clocks go forward"],
        ),
        (
            "2026-10-04T08:00",
            ["daily 00:00-24:00 Australia/Lord_Howe"],
            ["all day"],
            ["23.5 hours: clocks go forward"],
        ),
    ],
)
def test_hours_are_by_the_clocks_of_the_rule(
    moment: str, windows: list[str], hours: list[str], said: list[str]
) -> None:
    day, zone = first(moment, windows=windows)

    assert all_hours(day, zone) == hours
    assert [note.line for note in notes(day, zone)] == said


def test_what_is_closed_is_named_but_for_what_comes_every_week() -> None:
    closed = ["holidays GB-ENG Europe/London", "24 Dec 12:00-24:00 Europe/London", LUNCH]

    def told(moment: str) -> tuple[list[str], list[str]]:
        day, zone = first(moment, windows=[OFFICE], closed=closed)
        return all_hours(day, zone), [note.line for note in notes(day, zone)]

    lunch = ["09:00–12:00", "12:45–16:30"]
    assert told("2026-12-23T08:00") == (lunch, [])
    eve = "closed 12:00–24:00: 24 Dec 12:00-24:00 Europe/London"
    assert told("2026-12-24T08:00") == (["09:00–12:00"], [eve])
    assert told("2026-12-25T08:00") == ([], ["closed Christmas Day"])


def test_a_freeze_is_no_hold() -> None:
    begin, end = utc("2026-11-26T12:00"), utc("2026-11-30T00:00")
    freeze = Hold("fair", "ana", begin, end, kind="freeze")
    hold = Hold("broken", "ana", None, None)

    day, zone = first("2026-11-26T08:00", freeze, windows=[OFFICE])
    both, _ = first("2026-11-26T08:00", freeze, hold, windows=[OFFICE])

    assert all_hours(day, zone) == ["09:00–12:00"]
    assert [note.line for note in notes(day, zone)] == ["freeze 12:00–24:00"]
    assert all_hours(both, zone) == []
    assert [note.line for note in notes(both, zone)] == ["hold all day"]


def test_a_moment_of_another_year_has_its_year() -> None:
    now = utc("2026-12-31T12:00")

    assert local(utc("2026-12-31T13:00"), "Europe/London", now=now) == "Thu 31 Dec 13:00 GMT"
    assert local(utc("2027-01-04T09:00"), "Asia/Tokyo", now=now) == "Mon 4 Jan 2027 18:00 JST"
