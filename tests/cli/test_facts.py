"""Facts are shown as people read them, and the earliest time in two zones."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from cli.commands.promotions.facts_view import earliest, show_facts, shown

NOON = datetime(2030, 1, 31, 12, tzinfo=UTC)


@pytest.fixture(params=["Europe/London"])
def zone(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """Where the reader is."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "unknown"),
        (True, "yes"),
        (False, "no"),
        (42, "42"),
        ("30m", "30m"),
        (["ana@example.com", "bo@example.com"], "ana@example.com, bo@example.com"),
        ([], "none"),
        ({"a": 1}, "{'a': 1}"),
    ],
)
def test_a_fact_is_shown_in_words(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_time_is_shown_in_the_readers_zone() -> None:
    assert shown("2020-01-31T12:00:00+00:00").endswith(" ago)")


def test_facts_stand_below_what_the_gate_said(capsys: pytest.CaptureFixture[str]) -> None:
    show_facts({"approved_by": ["ana@example.com"], "needed": 2}, margin=4)
    show_facts({}, margin=4)
    assert capsys.readouterr().out == "    approved by ana@example.com, needed 2\n"


@pytest.mark.usefixtures("zone")
def test_the_earliest_time_is_told_in_the_readers_zone_and_in_utc() -> None:
    assert earliest("2030-07-01T09:00:00Z", NOON).startswith(
        "2030/07/01 10:00:00 BST, 2030/07/01 09:00:00 UTC (in ~ "
    )
    assert earliest("2030-01-31T12:00:00Z", NOON) == "at any time, as far as time decides"
    assert earliest("2030-01-31T14:00:00", NOON) == "2030-01-31T14:00:00"
    assert earliest("soon", NOON) == "soon"


@pytest.mark.parametrize("zone", ["UTC"], indirect=True)
@pytest.mark.usefixtures("zone")
def test_in_utc_it_is_told_once() -> None:
    assert earliest("2030-01-31T14:00:00Z", NOON) == "2030/01/31 14:00:00 UTC (in ~ 2h)"
