"""Times are shown as the Heroku CLI shows them, and read without guessing a zone."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopromote.errors import Misuse
from autopromote.times import distance, read_time, show_time, when

NOON = datetime(2015, 11, 17, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("away", "shown"),
    [
        (timedelta(), "~ 0s ago"),
        (timedelta(seconds=-59), "~ 59s ago"),
        (timedelta(seconds=-60), "~ 1m ago"),
        (timedelta(minutes=-119), "~ 1h ago"),
        (timedelta(hours=-47), "~ 1d ago"),
        (timedelta(days=-400), "~ 400d ago"),
        (timedelta(seconds=5), "in ~ 5s"),
        (timedelta(hours=3), "in ~ 3h"),
        (timedelta(hours=2, seconds=-1), "in ~ 2h"),
        (timedelta(hours=2, minutes=29), "in ~ 2h"),
        (timedelta(milliseconds=900), "~ 0s ago"),
    ],
)
def test_distance_is_in_the_largest_unit(away: timedelta, shown: str) -> None:
    assert distance(NOON + away, NOON) == shown


def test_a_time_is_shown_with_its_distance() -> None:
    moment = datetime(2015, 11, 17, 11, 0, 41, tzinfo=UTC)
    assert show_time(moment, NOON) == f"{moment.astimezone():%Y-%m-%d %H:%M:%S %Z} (~ 59m ago)"


@pytest.mark.parametrize("text", ["soon", "", "2015-11-17T12:00:00"])
def test_a_time_that_is_none_is_shown_as_it_is(text: str) -> None:
    assert when(text) == text


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin"])
@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59Z"])
def test_the_first_and_last_of_all_times_are_shown_wherever_people_are(
    monkeypatch: pytest.MonkeyPatch, text: str, zone: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", zone)
        time.tzset()
        shown = when(text)
    time.tzset()
    assert shown == text or re.search(r" \((in )?~ \d+d( ago)?\)$", shown or "")


def test_no_time_is_shown_as_nothing() -> None:
    assert when(None) is None


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("2h", "2015-11-17T14:00:00Z"),
        ("90m", "2015-11-17T13:30:00Z"),
        ("1d12h", "2015-11-19T00:00:00Z"),
        ("45s", "2015-11-17T12:00:45Z"),
        ("2030-01-31T18:00Z", "2030-01-31T18:00:00Z"),
        ("2030-01-31T18:00:00+01:00", "2030-01-31T17:00:00Z"),
        ("2030-01-31 18:00:00.250000+00:00", "2030-01-31T18:00:00Z"),
    ],
)
def test_durations_and_times_are_sent_in_utc(text: str, sent: str) -> None:
    assert read_time(text, NOON) == sent


def test_a_date_is_its_first_moment_by_this_machines_clock() -> None:
    first = datetime(2030, 1, 31).astimezone()
    sent = first.astimezone(UTC).isoformat().replace("+00:00", "Z")
    assert read_time("2030-01-31", NOON) == sent


@pytest.mark.parametrize("text", ["2030-01-31 18:00 Europe/London", "2030-01-31 UTC"])
def test_a_time_by_the_clocks_of_a_place_is_left_to_the_listener(text: str) -> None:
    assert read_time(text, NOON) == text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("2030-01-31T18:00", "has no zone"),
        ("2030-02-30", "There is no day 2030-02-30"),
        ("tomorrow", "Couldn't read the time tomorrow"),
        ("", "Couldn't read the time"),
        ("2h from now", "Couldn't read the time"),
        ("12h1d", "Couldn't read the time"),
        ("9999999999999d", "is too far away"),
        ("3000000d", "is too far away"),
        ("0001-01-01T00:00+01:00", "is too far away"),
        ("9999-12-31T23:59-01:00", "is too far away"),
    ],
)
def test_what_could_mean_several_moments_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(Misuse, match=complaint):
        read_time(text, NOON)


@given(st.timedeltas(min_value=timedelta(days=-40000), max_value=timedelta(0)))
def test_what_is_past_is_rounded_down_to_its_unit(away: timedelta) -> None:
    found = re.search(r"(\d+)([smhd])", distance(NOON + away, NOON))
    assert found is not None
    number, unit = found.groups()
    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]
    assert int(number) == abs(int(away.total_seconds())) // seconds


@given(st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=40000)))
def test_what_comes_is_rounded_to_the_nearest_unit(away: timedelta) -> None:
    found = re.fullmatch(r"in ~ (\d+)([smhd])", distance(NOON + away, NOON))
    assert found is not None
    size = {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]
    assert abs(int(found[1]) * size - away.total_seconds()) <= size / 2


@pytest.mark.parametrize(
    ("text", "sent"),
    [("2h", "2015-11-17T10:00:00Z"), ("1d12h", "2015-11-16T00:00:00Z"), ("2015-11-17T12:00Z",) * 2],
)
def test_a_duration_is_read_as_how_long_ago(text: str, sent: str) -> None:
    assert read_time(text, NOON, is_past=True) == sent.replace("12:00Z", "12:00:00Z")


@pytest.mark.parametrize("text", ["999999d", "9999999999d"])
def test_a_time_before_the_calendar_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(Misuse, match=f"{text} is too far away."):
        read_time(text, NOON, is_past=True)
