"""The steps of a promotion, by its events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from listener.core.promotion import Status
from listener.core.steps import steps, told

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_each_step_lasts_until_the_next_one() -> None:
    moments = (
        (after(0), "waiting"),
        (after(5), "approved"),
        (after(10), "waiting"),
        (after(20), "posting"),
        (after(20.4), "releasing"),
    )

    found = steps(moments)

    assert [each.status for each in found] == [Status.WAITING, Status.POSTING, Status.RELEASING]
    assert [each.took for each in found] == ["20 s", "0.4 s", ""]


def test_what_was_before_a_retry_does_not_count() -> None:
    moments = ((after(0), "waiting"), (after(1), "cancelled"), (after(90), "waiting"))

    assert [(each.status, each.began_at) for each in steps(moments)] == [
        (Status.WAITING, after(90))
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0.0 s"), (0.44, "0.4 s"), (41, "41 s"), (72, "1 min 12 s"), (7500, "2 h 5 min")],
)
def test_spans(seconds: float, words: str) -> None:
    assert told(timedelta(seconds=seconds)) == words
