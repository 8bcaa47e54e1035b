"""Facts are shown as people read them: times in their zone, versions with their app."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from autopromote.commands.promotions.facts_view import show_facts, shown, with_apps
from autopromote.resources import Gate, Promotion
from autopromote.times import earliest
from tests.cli.answers import full


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
        ([*"abcdefghijklmnopqrstuv"], f"{', '.join('abcdefghijklmnopqrst')} and 2 more"),
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
def test_the_earliest_time_is_told_in_the_readers_zone_until_it_is_past() -> None:
    assert earliest("2999-07-01T09:00:00Z").startswith("2999-07-01 10:00:00 BST (in ~ ")
    assert earliest("2020-01-31T12:00:00Z") == "at any time, as far as time decides"
    assert earliest("2999-01-31T14:00:00") == "2999-01-31T14:00:00"
    assert earliest("soon") == "soon"


AS_COUNTED = full(
    Promotion,
    {
        "source": {"app": {"name": "example-app-staging"}},
        "target": {"app": {"name": "example-app"}, "release": None},
    },
)


@pytest.mark.parametrize(
    ("name", "facts", "told"),
    [
        (
            "order",
            {"candidate": 22, "target_runs": 18, "ran_in": 21},
            {
                "candidate": "example-app-staging v22",
                "target_runs": "example-app-staging v18",
                "ran_in": "example-app v21",
            },
        ),
        ("order", {"candidate": 22, "target_runs": None}, {"candidate": "example-app-staging v22"}),
        ("target", {"version": 21}, {"version": "example-app v21"}),
        ("source", {"version": 22, "status": "succeeded"}, {"version": "example-app-staging v22"}),
        ("max-per-day", {"within_24h": 3}, {}),
    ],
)
def test_a_version_is_told_with_its_app(
    name: str, facts: dict[str, object], told: dict[str, object]
) -> None:
    gate = full(Gate, {"name": name, "facts": facts})
    assert with_apps(gate, AS_COUNTED) == facts | told
