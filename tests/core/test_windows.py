"""Windows open and close by the clocks of their place, on the days when those change too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.core.days import BadWindow
from listener.core.window import Window, next_opening, parse

OFFICE = "Mon-Fri 09:00-16:30 Europe/London"
ZONES = ("Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def utc(text: str) -> datetime:
    """A moment such as `2026-03-02 09:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "moment", "is_open"),
    [
        (OFFICE, "2026-03-02 08:59:59", False),  # a Monday, in winter
        (OFFICE, "2026-03-02 09:00", True),
        (OFFICE, "2026-03-02 16:29:59", True),
        (OFFICE, "2026-03-02 16:30", False),
        (OFFICE, "2026-03-01 12:00", False),  # a Sunday
        (OFFICE, "2026-06-01 08:00", True),  # in summer it opens an hour earlier by UTC
        (OFFICE, "2026-06-01 07:59", False),
        ("daily 00:00-24:00 UTC", "2026-03-01 23:59:59", True),
        ("daily 00:00-00:00 UTC", "2026-03-01 12:00", True),
        ("Fri 22:00-02:00 UTC", "2026-03-06 23:00", True),
        ("Fri 22:00-02:00 UTC", "2026-03-07 01:59", True),  # of Friday still
        ("Fri 22:00-02:00 UTC", "2026-03-07 02:00", False),
        ("Fri 22:00-02:00 UTC", "2026-03-06 01:00", False),  # of Thursday
        ("Fri 22:00-02:00 UTC", "2026-03-07 23:00", False),
        ("Sun 22:00-02:00 UTC", "2026-03-02 01:00", True),
        ("Sat-Mon 10:00-11:00 UTC", "2026-03-01 10:00", True),
        ("Sat-Mon 10:00-11:00 UTC", "2026-03-03 10:00", False),
        ("mon,wed 10:00-11:00 UTC", "2026-03-04 10:30", True),
        ("Mon,Wed 10:00-11:00 UTC", "2026-03-03 10:30", False),
        # London puts its clocks back on 2026-10-25 at 01:00 UTC: 01:30 is shown twice.
        ("daily 01:15-01:45 Europe/London", "2026-10-25 00:30", True),
        ("daily 01:15-01:45 Europe/London", "2026-10-25 00:50", False),
        ("daily 01:15-01:45 Europe/London", "2026-10-25 01:30", True),
        # And forward on 2026-03-29 at 01:00 UTC: 01:30 is never shown.
        ("daily 01:15-01:45 Europe/London", "2026-03-29 00:59", False),
        ("daily 01:15-01:45 Europe/London", "2026-03-29 01:00", False),
    ],
)
def test_a_window_is_open_by_the_clocks_of_its_place(
    window: str, moment: str, is_open: bool
) -> None:
    assert parse(window).covers(utc(moment)) is is_open


@pytest.mark.parametrize(
    ("window", "moment", "opens"),
    [
        (OFFICE, "2026-03-02 10:00", "2026-03-02 10:00"),  # open already
        (OFFICE, "2026-03-02 08:00", "2026-03-02 09:00"),
        (OFFICE, "2026-03-06 16:30", "2026-03-09 09:00"),  # Friday evening to Monday
        (OFFICE, "2026-03-27 17:00", "2026-03-30 08:00"),  # over the change to summer time
        (OFFICE, "2026-10-23 17:00", "2026-10-26 09:00"),  # and back
        ("Mon 09:00-10:00 UTC", "2026-03-02 10:00", "2026-03-09 09:00"),
        ("Fri 22:00-02:00 UTC", "2026-03-07 02:00", "2026-03-13 22:00"),
        # 01:30 is shown twice: it opens at the first, and once more at the second.
        ("daily 01:30-01:40 Europe/London", "2026-10-25 00:00", "2026-10-25 00:30"),
        ("daily 01:30-01:40 Europe/London", "2026-10-25 00:45", "2026-10-25 01:30"),
        # 01:30 is never shown: what lies beyond the leap opens with it, the rest a day later.
        ("daily 01:30-02:30 Europe/London", "2026-03-29 00:00", "2026-03-29 01:00"),
        ("daily 01:15-01:45 Europe/London", "2026-03-29 00:00", "2026-03-30 00:15"),
        ("Sun 01:15-01:45 Europe/London", "2026-03-29 00:00", "2026-04-05 00:15"),
    ],
)
def test_the_next_opening_is_named(window: str, moment: str, opens: str) -> None:
    assert parse(window).next_start(utc(moment)) == utc(opens)


def test_of_several_windows_the_first_to_open_counts() -> None:
    windows = [parse(OFFICE), parse("Sat 10:00-11:00 UTC")]
    assert next_opening(windows, utc("2026-03-06 18:00")) == utc("2026-03-07 10:00")
    assert next_opening([], utc("2026-03-06 18:00")) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no window"),
        ("09:00-16:30 Europe/London", "is no window"),
        ("Mon-Fri 09:00-16:30", "is no window"),  # a zone is compulsory
        ("Mon-Fri 9-16 Europe/London", "is no window"),
        ("Mon-Fri 09:00-25:00 UTC", "is no window"),
        ("Mon-Fri 09:00-24:30 UTC", "there is no 24:30"),
        ("Mon-Fri 24:00-01:00 UTC", "begins before 24:00"),
        ("Mo-Fr 09:00-16:30 UTC", "'Mo-Fr' are no days. Write them like Mon-Fri"),
        ("Mon-Fri 09:00-16:30 Europe/Londn", "Did you mean Europe/London?"),
        ("Mon-Fri 09:00-16:30 CEST!", "'CEST!' is no time zone like Europe/London, or UTC."),
        ("Mon-Fri 09:00-16:30 EST", "Did you mean America/New_York?"),
    ],
)
def test_what_is_no_window_is_refused_with_what_to_write(text: str, words: str) -> None:
    with pytest.raises(BadWindow) as refused:
        parse(text)
    assert words in str(refused.value)


TIMES = st.integers(0, 24 * 60 - 1).map(lambda m: f"{m // 60:02}:{m % 60:02}")
WINDOWS = st.builds(
    lambda days, opens, closes, zone: parse(f"{days} {opens}-{closes} {zone}"),
    st.sampled_from(("daily", "Mon-Fri", "Sun", "Sat-Mon", "Wed,Fri")),
    TIMES,
    TIMES,
    st.sampled_from(ZONES),
)
MOMENTS = st.integers(0, 365 * 24 * 60).map(lambda minutes: YEAR + timedelta(minutes=minutes))
# The days around changes of clocks, where mistakes live.
CHANGES = st.tuples(
    st.sampled_from(("2026-03-08", "2026-03-29", "2026-04-04", "2026-10-03", "2026-10-25")),
    st.integers(-1440, 1440),
).map(lambda at: utc(at[0]) + timedelta(minutes=at[1]))


@given(WINDOWS, MOMENTS | CHANGES)
def test_it_is_open_at_the_next_opening_and_not_before(window: Window, moment: datetime) -> None:
    opens = window.next_start(moment)
    assert opens is not None
    assert opens >= moment
    assert window.covers(opens)
    for step in range(1, 60):
        between = moment + (opens - moment) * step / 60
        assert not window.covers(between) or between >= opens
    assert opens == moment or not window.covers(opens - timedelta(seconds=1))


@given(WINDOWS, MOMENTS | CHANGES)
def test_a_window_is_what_people_read_on_their_clocks(window: Window, moment: datetime) -> None:
    zone = ZoneInfo(window.zone)
    shown = moment.astimezone(zone).replace(tzinfo=UTC)
    by_their_clocks = parse(window.text.replace(window.zone, "UTC"))
    assert window.covers(moment) == by_their_clocks.covers(shown)


@given(WINDOWS)
def test_a_window_survives_writing_and_reading(window: Window) -> None:
    assert parse(window.text) == window
