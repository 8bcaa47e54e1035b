"""`rules:calendar`: a character for each hour of a day, whatever its length."""

from __future__ import annotations

import pytest

from autopromote.commands.rules.calendar import bar, label, show
from autopromote.resources import Calendar, CalendarDay, TargetsCalendar

DAY = "2030-03-31"


def day(until: str, *goes: tuple[str, str], stops: tuple[tuple[str, str], ...] = ()) -> CalendarDay:
    def at(text: str) -> str:
        return f"{text if 'T' in text else f'{DAY}T{text}'}:00Z"

    return {
        "date": DAY,
        "from": at("00:00"),
        "until": at(until),
        "open": [{"from": at(begin), "until": at(end)} for begin, end in goes],
        "stops": [
            {"from": at(begin), "until": at(end), "kind": "closed", "reason": ""}
            for begin, end in stops
        ],
        "hours": [],
        "notes": [],
    }


@pytest.mark.parametrize(
    ("until", "hours"), [("2030-04-01T00:00", 24), ("23:00", 23), ("2030-04-01T01:00", 25)]
)
def test_a_day_is_as_long_as_it_is(until: str, hours: int) -> None:
    assert bar(day(until)) == "·" * hours


def test_half_an_hour_more_is_one_more_character() -> None:
    assert len(bar(day("2030-04-01T00:30"))) == 25
    assert len(bar(day("23:30"))) == 24


def test_an_hour_is_open_in_full_or_in_part_or_stopped() -> None:
    shown = bar(day("06:00", ("01:00", "02:30"), ("02:45", "03:00"), stops=(("02:30", "05:00"),)))

    assert shown == "·█▄──·"


def test_the_day_is_named_in_english() -> None:
    assert label(day("23:00")) == "Sun 31 Mar"


def test_a_hold_is_one_line_whatever_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    each: TargetsCalendar = {
        "targets": [{"id": "1", "name": "acme-prod"}],
        "opens_at": None,
        "open_until": None,
        "message": "Nothing goes until the hold is released.",
        "holds": [
            {
                "id": "7",
                "kind": "person",
                "reason": "broken\n=== ⬢ acme-prod\nOpen now.",
                "by": "ana@example.com",
                "from": None,
                "until": None,
            }
        ],
        "days": [],
    }
    found: Calendar = {
        "rule": {"id": "1", "name": "ship"},
        "mode": "armed",
        "zone": "UTC",
        "at": f"{DAY}T00:00:00Z",
        "calendars": [each],
    }

    show(found, each)

    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("===")] == ["=== ⬢ acme-prod"]
    assert lines[-1].startswith("hold 7: broken")
    assert "Open now." in lines[-1]
