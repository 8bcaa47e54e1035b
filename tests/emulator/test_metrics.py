"""The Metrics API: series by the minute, and how late they can be read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft4Validator

from tests.emulator.callers import Caller
from tests.emulator.schema import schema_path

ROUTER = "/_metrics/apps/production/router-metrics"
DYNOS = "/_metrics/apps/production/formation/{}/metrics/errors"
WINDOW = "start_time=2026-03-02T11:56:00Z&end_time=2026-03-02T12:00:00Z"


def test_counts_are_summed_and_of_latencies_the_highest_stands(ana: Caller) -> None:
    for ago, count, slow in ((3, 10, 40), (3, 5, 90), (2, 7, 50)):
        values = {"status": {"status_2xx": count}, "latency": {"latency.ms.p95": slow}}
        ana.control("apps/production/metrics", {"minutes_ago": ago, **values})

    assert told(ana, "status") == {"status_2xx": [None, 15, 7, None, None]}
    assert told(ana, "latency", step="2m") == {"latency.ms.p95": [90, 50, None]}
    assert told(ana, "errors") == {}


def test_a_minute_can_be_read_once_it_is_over_and_the_delay_has_passed(ana: Caller) -> None:
    for ago in (0, 1, 2):
        ana.control("apps/production/metrics", {"minutes_ago": ago, "errors": {"H12": 1}})

    assert told(ana, "errors") == {"H12": [None, None, 1, None, None]}
    ana.control("metrics-delay", {"seconds": 0})
    assert told(ana, "errors") == {"H12": [None, None, 1, 1, None]}


def test_dynos_have_errors_of_their_own(ana: Caller) -> None:
    ana.deploy("production")
    ana.control("apps/production/metrics", {"minutes_ago": 2, "dynos": {"web": {"R14": 2}}})

    assert ana.get(f"{DYNOS.format('web')}?{WINDOW}")["data"] == {
        "R14": [None, None, 2, None, None]
    }
    answer = ana.ask("GET", f"{DYNOS.format('clock')}?{WINDOW}")
    assert (answer.status_code, answer.json()["message"]) == (400, "invalid process_type provided")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "start_time=yesterday&end_time=2026-03-02T12:00:00Z",
        "start_time=2026-03-02T11:56:00&end_time=2026-03-02T12:00:00Z",
        "start_time=2026-03-02T12:00:00Z&end_time=2026-03-02T11:00:00Z",
        "start_time=2026-01-02T12:00:00Z&end_time=2026-03-02T12:00:00Z",
        f"{WINDOW}&step=30s",
        f"{WINDOW}&step=0m",
    ],
)
def test_a_bad_window_is_refused(ana: Caller, query: str) -> None:
    assert ana.refused("GET", f"{ROUTER}/status?{query}") == (422, "invalid_params")


def test_strangers_see_nothing(eve: Caller) -> None:
    assert eve.refused("GET", f"{ROUTER}/status?{WINDOW}") == (403, "forbidden")


def test_every_answer_is_as_herokus_types_say(ana: Caller) -> None:
    place = schema_path().with_name("heroku-metrics.schema.json")
    if not place.exists():
        pytest.skip("Heroku's schemas are not here; HEROKU_SCHEMA names one of them")
    schema: Any = json.loads(place.read_text())
    ana.deploy("production")
    ana.control("apps/production/metrics", {"minutes_ago": 2, "errors": {"H12": 1}})

    for kind in ("latency", "errors", "status"):
        described = schema[f"GET /apps/:app/router-metrics/{kind}"]["responses"]["200"]
        Draft4Validator(described).validate(ana.get(f"{ROUTER}/{kind}?{WINDOW}"))
    described = schema["GET /apps/:app/formation/:formationType/metrics/errors"]["responses"]
    Draft4Validator(described["200"]).validate(ana.get(f"{DYNOS.format('web')}?{WINDOW}"))


def told(ana: Caller, kind: str, step: str = "1m") -> Any:
    """The series of a kind in the last minutes."""
    answer = ana.get(f"{ROUTER}/{kind}?{WINDOW}&step={step}")
    assert isinstance(answer["step"], int)
    return answer["data"]
