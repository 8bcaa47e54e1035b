"""Lengths of time, read and written."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.core.duration import BadDuration, parse, show


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("45s", timedelta(seconds=45)),
        ("1d12h", timedelta(hours=36)),
        (" 90m ", timedelta(minutes=90)),
        ("0s", timedelta(0)),
    ],
)
def test_a_duration_is_read_with_its_units(text: str, duration: timedelta) -> None:
    assert parse(text) == duration


@pytest.mark.parametrize(
    "text", ["", " ", "30", "m", "30 m", "-5m", "1.5h", "5w", "12h1d", "\uff15m"]
)
def test_what_has_no_unit_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(BadDuration, match="write a number with s, m, h or d, like 30m"):
        parse(text)


def test_more_than_a_year_is_no_mistake_anybody_means() -> None:
    with pytest.raises(BadDuration, match="longer than 366d"):
        parse("367d")


@given(st.integers(0, 366 * 86400).map(lambda seconds: timedelta(seconds=seconds)))
def test_a_duration_survives_writing_and_reading(duration: timedelta) -> None:
    assert parse(show(duration)) == duration
