"""When a rule's promotions may go, minute by minute as its gates answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listener.core.gates import always, schedule
from listener.core.gates.base import Hold, Pass
from listener.core.gates.options import NONE, Conditions, parse, stored
from listener.core.openings import Day, Openings, days_of
from tests.core.candidates import READY
from tests.core.test_conditions import EVERYTHING

MINUTE = timedelta(minutes=1)
# Clocks change at night, at midnight, by half an hour, by two hours, or never.
ZONES = (
    "Europe/London",
    "America/New_York",
    "America/Santiago",
    "Africa/Cairo",
    "America/Havana",
    "America/Scoresbysund",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Asia/Kathmandu",
    "UTC",
)
# Each with a day before, in 2026, on which some of them change.
BEGINS = (
    "2026-03-07T12:34:56",
    "2026-03-28T00:00:00",
    "2026-04-04T15:00:00",
    "2026-04-23T09:00:00",
    "2026-09-05T23:59:59",
    "2026-10-03T03:00:00",
    "2026-10-24T22:00:00",
    "2026-10-29T20:30:00",
    "2026-12-22T08:00:00",
)
TIMES = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from((0, 1, 15, 30, 59)))
HOURS = st.builds("{}-{}".format, TIMES, TIMES | st.just("24:00"))
WEEKDAYS = st.sampled_from(("daily", "Mon-Fri", "Sat-Mon", "Sun", "Tue,Thu"))
PLACES = st.sampled_from(ZONES)
WINDOWS = st.builds("{} {} {}".format, WEEKDAYS, HOURS, PLACES)
DATES = st.sampled_from(
    ("Sat#4", "Sun#1", "24 Dec-2 Jan", "29 Mar", "Mon-Fri", "holidays GB", "holidays US")
)
CLOSED = st.one_of(
    st.builds("{} {}".format, DATES, PLACES), st.builds("{} {} {}".format, DATES, HOURS, PLACES)
)
AFTER = st.integers(-3 * 1440, 15 * 1440)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Openings, datetime]:
    now = utc(draw(st.sampled_from(BEGINS)))
    conditions = parse(
        {
            "windows": draw(st.lists(WINDOWS, max_size=2)),
            "closed": draw(st.lists(CLOSED, max_size=2)),
        }
    )
    ends = draw(st.lists(st.tuples(st.none() | AFTER, st.none() | AFTER), max_size=2))
    holds = (
        Hold(
            "why",
            "ana",
            starts_at=now + begin * MINUTE if begin is not None else None,
            ends_at=now + end * MINUTE if end is not None else None,
        )
        for begin, end in ends
    )
    return Openings(conditions, tuple(holds)), now


def goes(openings: Openings, moment: datetime) -> bool:
    """Whether each gate of time passes."""
    candidate = replace(READY, conditions=openings.conditions, holds=openings.holds)
    asked = [always.hold]
    asked += [schedule.window] if openings.conditions.windows else []
    asked += [schedule.closed] if openings.conditions.closed else []
    return all(isinstance(gate(candidate, moment), Pass) for gate in asked)


def shown(day: Day, moment: datetime) -> bool:
    """Whether the bar of this day is full at a moment."""
    return any(span.starts_at <= moment < span.ends_at for span in day.open)


@settings(max_examples=80, deadline=None)
@given(cases(), st.sampled_from((0, 1, 1, 2, 7, 13)))
def test_the_bars_say_what_the_gates_say_minute_by_minute(
    case: tuple[Openings, datetime], place: int
) -> None:
    openings, now = case
    day = openings.days(now)[place]
    moment = day.starts_at

    while moment < day.ends_at:
        assert shown(day, moment) is goes(openings, moment), moment
        stopped = any(stop.starts_at <= moment < stop.ends_at for stop in day.stops)
        windows = openings.conditions.windows
        in_window = not windows or any(each.covers(moment) for each in windows)
        assert shown(day, moment) is (in_window and not stopped)
        moment += MINUTE


@settings(max_examples=200, deadline=None)
@given(cases())
def test_the_days_follow_upon_each_other_by_the_clocks_of_the_zone(
    case: tuple[Openings, datetime],
) -> None:
    openings, now = case
    zone, days = ZoneInfo(openings.zone), openings.days(now)

    assert days[0].starts_at <= now < days[0].ends_at
    assert [day.on for day in days] == [
        now.astimezone(zone).date() + timedelta(days=n) for n in range(14)
    ]
    for day, after in pairwise(days):
        assert day.ends_at == after.starts_at
    for day in days:
        shown_at = {
            day.starts_at.astimezone(zone).date(),
            (day.ends_at - MINUTE).astimezone(zone).date(),
        }
        assert shown_at == {day.on}
        pieces = [*day.open]
        assert all(day.starts_at <= one.starts_at for one in pieces)
        assert all(one.starts_at < one.ends_at <= day.ends_at for one in pieces)
        assert all(one.ends_at < two.starts_at for one, two in pairwise(pieces))


@settings(max_examples=200, deadline=None)
@given(cases())
def test_the_next_opening_is_the_first_that_the_bars_show(case: tuple[Openings, datetime]) -> None:
    openings, now = case
    days = openings.days(now)
    spans = [span for day in days for span in day.open if span.ends_at > now]
    first = max(spans[0].starts_at, now) if spans else None
    found = openings.next(now)

    if first is not None:
        assert found == first
    else:
        assert found is None or found >= days[-1].ends_at
    until = openings.until(now)
    if not openings.is_open(now):
        assert until == now or until is None or not openings.is_open(until)
    elif until is not None:
        assert openings.is_open(until - timedelta(seconds=1))
        assert not openings.is_open(until)


LONDON = "Europe/London"


@pytest.mark.parametrize(
    ("now", "hours", "spans"),
    [
        # 01:30 comes twice: it opens, closes for half an hour, and opens again.
        ("2026-10-25T00:00", 25, [("00:30", "01:00"), ("01:30", "02:00")]),
        ("2026-03-29T00:00", 23, []),  # 01:30 to 02:00 is never shown
        ("2026-06-01T00:00", 24, [("00:30", "01:00")]),
    ],
)
def test_a_day_on_which_clocks_change_has_its_own_length(
    now: str, hours: int, spans: list[tuple[str, str]]
) -> None:
    day, *_ = Openings(parse({"windows": [f"daily 01:30-02:00 {LONDON}"]})).days(utc(now))

    assert day.length == timedelta(hours=hours)
    assert [(f"{one.starts_at:%H:%M}", f"{one.ends_at:%H:%M}") for one in day.open] == spans


def test_closed_days_have_their_names() -> None:
    conditions = parse({"closed": ["holidays GB-ENG Europe/London"]})

    days = Openings(conditions).days(utc("2026-12-22T08:00"))

    named = {day.on: stop.name for day in days for stop in day.stops}
    assert named[date(2026, 12, 25)] == "Christmas Day"
    assert date(2026, 12, 24) not in named
    assert len(named) >= 3  # both days of Christmas, what is had for one of them, New Year


def test_a_hold_without_an_end_has_no_next_opening() -> None:
    hold = Hold("broken", "ana", None, None)

    assert Openings(NONE, (hold,)).next(utc("2026-06-01T00:00")) is None


def test_a_condition_that_cannot_be_read_leaves_no_time() -> None:
    openings, now = Openings(stored({"windows": ["Mon 09:00-25:00 UTC"]})), utc("2026-06-01T00:00")

    assert not openings.is_open(now)
    assert openings.next(now) is None
    assert not any(day.open for day in openings.days(now))


def test_holds_one_after_the_other_end_with_the_last() -> None:
    begin = utc("2026-06-01T00:00")
    ends = [begin + n * timedelta(hours=1) for n in range(61)]
    holds = tuple(Hold("why", "ana", *times) for times in pairwise(ends))

    assert Openings(NONE, holds).next(begin) == ends[-1]


def test_freezes_of_every_opening_end_with_the_last() -> None:
    first, week = utc("2026-06-01T00:00"), timedelta(weeks=1)  # a Monday
    mondays = [first + n * week for n in range(60)]
    holds = tuple(Hold("why", "ana", day, day + timedelta(days=1)) for day in mondays)
    openings = Openings(parse({"windows": ["Mon 09:00-10:00 UTC"]}), holds)

    assert openings.next(first) == mondays[-1] + week + timedelta(hours=9)


def test_an_opening_after_many_closed_hours_is_in_sight() -> None:
    hours = [f"{hour:02}:00-{hour:02}:30" for hour in range(20)]
    windows = [f"daily {each} UTC" for each in hours]
    closed = [f"Mon-Fri {each} UTC" for each in hours]
    openings = Openings(parse({"windows": windows, "closed": closed}))

    assert openings.next(utc("2026-06-01T00:00")) == utc("2026-06-06T00:00")


def test_the_days_of_a_rule_are_made_once_however_its_targets_are_held() -> None:
    conditions, now = parse({"closed": ["Mon 01:00-01:23 UTC"]}), utc("2026-06-01T00:00")
    Openings(conditions).days(now)
    before = days_of.cache_info().misses

    for hour in range(1, 100):
        hold = Hold("why", "ana", ends_at=now + timedelta(hours=hour))
        assert Openings(conditions, (hold,)).days(now)[0].stops[-1].hold is hold

    assert days_of.cache_info().misses == before


def test_every_option_may_stand_beside_a_calendar() -> None:
    assert len(Openings(parse(EVERYTHING)).days(utc("2026-06-01T00:00"))) == 14


def test_a_rule_without_conditions_is_open_all_day() -> None:
    openings, now = Openings(Conditions()), utc("2026-06-01T05:00")

    assert openings.next(now) == now
    assert openings.until(now) is None
    assert [(day.open[0].starts_at, day.open[0].ends_at) for day in openings.days(now)] == [
        (day.starts_at, day.ends_at) for day in openings.days(now)
    ]
