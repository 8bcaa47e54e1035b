"""Recurring times at which a rule promotes nothing, across changes of clocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.core import days
from listener.core.backtest import earliest
from listener.core.days import BadWindow
from listener.core.gates.base import Hold, Pass, Reject, Wait
from listener.core.gates.options import BadCondition, parse
from listener.core.window import Window, next_end, parse_closed
from tests.core.asking import CANDIDATE, said


def utc(text: str) -> datetime:
    """A moment, written in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("closed", "begins", "ends"),
    [
        # The third Saturday of March 2026 in London, a day before and after which are open.
        ("Sat#3 Europe/London", "2026-03-21 00:00", "2026-03-22 00:00"),
        # Clocks go forward on 29 March at 01:00: that Sunday has 23 hours.
        ("Sun#5 Europe/London", "2026-03-29 00:00", "2026-03-29 23:00"),
        # They go back on 25 October at 02:00: that Sunday has 25 hours.
        ("Sun#4 Europe/London", "2026-10-24 23:00", "2026-10-26 00:00"),
        # The same, in hours of the day: half past one comes twice.
        ("Sun#4 01:30-02:30 Europe/London", "2026-10-25 00:30", "2026-10-25 01:00"),
        ("Sun#4 01:30-03:00 Europe/London", "2026-10-25 01:30", "2026-10-25 03:00"),
        # On 29 March there is no half past one: it begins when the clocks show two.
        ("Sun#5 01:30-03:00 Europe/London", "2026-03-29 01:00", "2026-03-29 02:00"),
        ("24 Dec", "2026-12-24 00:00", "2026-12-25 00:00"),
        ("24 Dec Pacific/Auckland", "2026-12-23 11:00", "2026-12-24 11:00"),
        ("24 Dec-2 Jan Europe/Berlin", "2026-12-23 23:00", "2027-01-02 23:00"),
        ("24 Dec 18:00-06:00 Europe/Berlin", "2026-12-24 17:00", "2026-12-25 05:00"),
        ("Mon-Fri 12:00-13:00 Europe/Berlin", "2026-03-27 11:00", "2026-03-27 12:00"),
        ("Mon-Fri 12:00-13:00 Europe/Berlin", "2026-03-30 10:00", "2026-03-30 11:00"),
        ("holidays GB", "2026-12-25 00:00", "2026-12-27 00:00"),  # and Boxing Day
        ("holidays GB", "2026-12-28 00:00", "2026-12-29 00:00"),  # which was a Saturday
        ("holidays US-CA America/Los_Angeles", "2026-07-03 07:00", "2026-07-05 07:00"),
        ("29 Feb", "2028-02-29 00:00", "2028-03-01 00:00"),
    ],
)
def test_it_is_closed_from_its_beginning_to_its_end(closed: str, begins: str, ends: str) -> None:
    window, second = parse_closed(closed), timedelta(seconds=1)
    assert not window.covers(utc(begins) - second)
    assert window.covers(utc(begins))
    assert window.next_end(utc(begins)) == utc(ends)
    assert window.covers(utc(ends) - second)
    assert not window.covers(utc(ends))


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("24  Dec", "24 Dec UTC"),
        ("holidays GB", "holidays GB Europe/London"),
        ("holidays de-by", "holidays de-by Europe/Berlin"),
        ("holidays NO", "holidays NO Europe/Berlin"),  # whose clocks Oslo's are
        ("Sat#3 europe/london", None),
    ],
)
def test_the_zone_that_was_taken_is_shown(written: str, text: str | None) -> None:
    if text is None:
        with pytest.raises(BadWindow, match=r"Did you mean Europe/London\?"):
            parse_closed(written)
    else:
        assert parse_closed(written).text == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no closed time. Write one like 'Sat#3 Europe/London', '24 Dec'"),
        ("Sat#3", "needs a zone, like 'Sat#3 Europe/London'"),
        ("Mon-Fri 12:00-13:00", "needs a zone"),
        ("Sat#6 UTC", "'Sat#6' are no days"),
        ("Sta#1 UTC", "'Sta#1' are no days"),
        ("31 Feb", "There is no 31 Feb"),
        ("24 Dez", "'Dez' is no month"),
        ("24 Dec 24:00-01:00 UTC", "begins before 24:00"),
        ("24 Dec 18:00-25:00 UTC", "is no closed time"),
        ("holidays US", "US has several: add one"),
        ("holidays XX", "The holidays of 'XX' are not known"),
        ("holidays GB-XX", "The holidays of 'GB-XX' are not known"),
        ("Christmas", "'Christmas' are no days"),
    ],
)
def test_what_is_no_closed_time_is_refused_with_what_to_write(text: str, words: str) -> None:
    with pytest.raises(BadWindow) as refused:
        parse_closed(text)
    assert words in str(refused.value)
    with pytest.raises(BadCondition, match=r"^closed: "):
        parse({"closed": [text]})


def test_it_is_never_open_between_two_closed_times_that_touch() -> None:
    closed = [parse_closed(text) for text in ("24 Dec-26 Dec", "27 Dec", "26 Dec 12:00-12:00 UTC")]
    assert next_end(closed, utc("2026-12-24 09:00")) == utc("2026-12-28 00:00")
    assert next_end([], utc("2026-12-24 09:00")) == utc("2026-12-24 09:00")


def test_the_gate_names_what_closes_and_until_when() -> None:
    at = utc("2026-12-25 09:00")
    until = utc("2026-12-27 00:00")
    assert said("closed", at, closed=["holidays GB"]) == Wait(
        "Closed: holidays GB Europe/London (Christmas Day), until 2026-12-27 00:00 Europe/London.",
        until,
    )
    assert said("closed", until, closed=["holidays GB"]) == Pass(
        "None of the rule's closed times is now."
    )


def test_closed_for_ever_is_no_wait() -> None:
    always = ["Mon-Sun 00:00-24:00 UTC"]
    assert said("closed", closed=always) == Reject("The rule's closed times never end.")


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        # Friday night: the window opens on Saturday, which is closed, and so is Sunday by a freeze.
        ("2026-03-20 18:00", "2026-03-23 09:00"),
        # The night before the clocks change: the window opens an hour earlier by UTC on Monday.
        ("2026-03-28 18:00", "2026-03-29 08:00"),
        ("2026-10-24 18:00", "2026-10-25 09:00"),
    ],
)
def test_the_next_opening_is_through_windows_closed_times_and_freezes(now: str, opens: str) -> None:
    conditions = parse(
        {"windows": ["daily 09:00-16:30 Europe/London"], "closed": ["Sat#3 Europe/London"]}
    )
    freeze = Hold("Easter", "ana", utc("2026-03-22 00:00"), utc("2026-03-22 23:00"), kind="freeze")
    candidate = replace(CANDIDATE, conditions=conditions, holds=(freeze,))
    assert earliest(candidate, utc(now)) == utc(opens)


TEXTS = st.sampled_from(
    (
        "Sat#3 Europe/London",
        "Sun#4 Europe/London",
        "24 Dec-2 Jan Australia/Sydney",
        "Mon-Fri 12:00-13:00 Europe/Berlin",
        "daily 22:30-02:30 America/New_York",
        "holidays GB-ENG",
    )
)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0, tzinfo=UTC)
)


@given(st.lists(TEXTS, min_size=1, unique=True), MOMENTS)
def test_it_is_open_at_its_end_and_closed_until_then(texts: list[str], moment: datetime) -> None:
    closed = [parse_closed(text) for text in texts]
    end = next_end(closed, moment)
    assert end is not None
    assert not any(each.covers(end) for each in closed)
    for step in range(60):
        between = moment + (end - moment) * step / 60
        assert between == end or any(each.covers(between) for each in closed)


@given(TEXTS)
def test_a_closed_time_survives_writing_and_reading(text: str) -> None:
    found: Window = parse_closed(text)
    assert parse_closed(found.text) == found


def test_a_country_of_several_zones_has_none_of_its_own() -> None:
    assert days.zone_of("GB") == "Europe/London"
    assert days.zone_of("AU") is None
    assert days.zone_of("XX") is None
