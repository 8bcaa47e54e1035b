"""Moments by the clocks of a place: one is meant, or the answer says which two."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from listener.core.local_time import BadTime, parse


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-24 18:00 Europe/London", datetime(2026, 12, 24, 18, tzinfo=UTC)),
        ("2026-07-24T18:00:30 Europe/London", datetime(2026, 7, 24, 17, 0, 30, tzinfo=UTC)),
        ("2026-12-24 Asia/Tokyo", datetime(2026, 12, 23, 15, tzinfo=UTC)),
        ("2026-12-24 9:30 UTC", datetime(2026, 12, 24, 9, 30, tzinfo=UTC)),
        ("2026-12-24T18:00:00+02:00", datetime(2026, 12, 24, 16, tzinfo=UTC)),
        ("2026-12-24T18:00Z", datetime(2026, 12, 24, 18, tzinfo=UTC)),
        # The hour beside the one that the clocks skip, and beside the one that comes twice.
        ("2026-03-29 02:00 Europe/London", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("2026-10-25 02:00 Europe/London", datetime(2026, 10, 25, 2, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read(text: str, moment: datetime) -> None:
    assert parse(text) == moment


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-03-29 01:30 Europe/London", "does not come in Europe/London: its clocks are put"),
        (
            "2026-10-25 01:30 Europe/London",
            r"comes twice in .* write 2026-10-25T01:30\+01:00 or 2026-10-25T01:30\+00:00",
        ),
        ("2026-12-24 18:00 europe/london", "Did you mean Europe/London"),
        ("2026-12-24 18:00 London", "Did you mean Europe/London"),
        ("2026-12-24 18:00 Europe/Lodnon", "Did you mean Europe/London"),
        ("2026-12-24 18:00 EST", r"'EST' is no time zone .* Did you mean America/New_York\?"),
        ("2026-12-24 18:00 PST", "Did you mean America/Los_Angeles"),
        ("2026-02-30 18:00 Europe/London", "there is no 2026-02-30 18:00"),
        ("2026-12-24 25:00 UTC", "there is no 2026-12-24 25:00"),
        ("2026-12-24", "a time needs its zone, like 2026-12-24 18:00 Europe/London"),
        ("2026-12-24T18:00", "a time needs its zone"),
        ("tomorrow", "a time is written like 2026-12-24 18:00 Europe/London"),
        ("", "a time is written like"),
    ],
)
def test_what_is_no_moment_or_two_says_what_to_write(text: str, words: str) -> None:
    with pytest.raises(BadTime, match=words):
        parse(text)
