"""Deliveries and audit entries, as they are shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from listener.app import Parts
from listener.db import audit
from tests.api.conftest import ADMIN
from tests.api.source import Source

DOOR = "/webhooks/heroku"
As = Callable[[str], dict[str, str]]


@pytest.fixture
def show(client: FlaskClient, as_: As) -> Callable[[str], Any]:
    """What a viewer sees."""

    def get(path: str) -> Any:
        answer = client.get(path, headers=as_(ADMIN))
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    return get


def test_a_delivery_is_shown_without_its_body(
    client: FlaskClient, source: Source, show: Callable[[str], Any]
) -> None:
    client.post(DOOR, **source.told(delivery_id="d-1", version=42))

    [shown] = show("/api/deliveries")
    times = {name: shown.pop(name) for name in ("received_at", "last_received_at")}
    assert all(time.endswith("Z") for time in times.values())
    assert shown == {
        "id": str(source.deliveries()[0].id),
        "app": {"id": source.id, "name": "acme-staging"},
        "delivery_id": "d-1",
        "event_id": "55fa9c58-68ae-4183-86df-29a7b27cdf84",
        "action": "create",
        "release": {"id": "6be9012f-1c42-4f2d-bb99-af152aad07d8", "version": 42},
        "times": 1,
        "outcome": None,
        "settled_at": None,
        "subscription": {"id": str(source.subscription_id)},
    }


def test_deliveries_come_newest_first_as_many_as_wanted_of_the_app_wanted(
    client: FlaskClient, parts: Parts, source: Source, show: Callable[[str], Any]
) -> None:
    other = Source(parts, "shop-staging")
    for one, name in ((source, "d-1"), (other, "d-2"), (source, "d-3")):
        client.post(DOOR, **one.told(delivery_id=name))

    def shown(query: str) -> list[str]:
        return [each["delivery_id"] for each in show(f"/api/deliveries{query}")]

    assert shown("") == ["d-3", "d-2", "d-1"]
    assert shown("?limit=2") == ["d-3", "d-2"]
    assert shown("?app=acme-staging") == ["d-3", "d-1"]
    assert shown(f"?app={other.id}") == ["d-2"]
    assert shown("?app=nobody") == []


def test_audit_entries_are_shown(parts: Parts, show: Callable[[str], Any]) -> None:
    with parts.database.begin() as conn:
        for number, action in enumerate(("rule.added", "rule.updated")):
            audit.record(
                conn,
                by="ana@example.com",
                action=action,
                subject_type="rule",
                subject_id="7",
                subject_name="ship",
                before={"mode": "off"} if number else None,
                after={"mode": "armed"},
            )

    newest, _ = found = show("/api/audit-entries")
    assert newest.pop("at").endswith("Z")
    assert newest == {
        "id": "2",
        "by": "ana@example.com",
        "action": "rule.updated",
        "subject": {"type": "rule", "id": "7", "name": "ship"},
        "before": {"mode": "off"},
        "after": {"mode": "armed"},
    }
    assert [entry["id"] for entry in found] == ["2", "1"]
    assert show("/api/audit-entries?subject=ship&limit=1")[0]["id"] == "2"
    assert show("/api/audit-entries?subject=other") == []


def test_audit_entries_are_shown_by_person_and_time(
    parts: Parts, show: Callable[[str], Any]
) -> None:
    with parts.database.begin() as conn:
        for number, by in enumerate(("ana@example.com", "bo@example.com")):
            audit.record(
                conn, by=by, action="rule.added", subject_type="rule", subject_id=str(number)
            )
        conn.exec_driver_sql("UPDATE audit_entry SET at = '2026-01-02T03:04:05Z' WHERE id = 1")

    def ids(query: str) -> list[str]:
        return [entry["id"] for entry in show(f"/api/audit-entries?{query}")]

    assert ids("by=Ana@example.com") == ["1"]
    assert ids("since=2026-01-02T03:04:05Z") == ["2", "1"]
    assert ids("since=2026-01-02T03:04:06Z") == ["2"]
    assert ids("by=ana@example.com&since=2026-01-02T03:04:06Z") == []


@pytest.mark.parametrize("said", ["yesterday", "2026-01-02", "0001-01-01T00:00Z"])
def test_a_time_that_cannot_be_read_is_refused(client: FlaskClient, as_: As, said: str) -> None:
    answer = client.get(f"/api/audit-entries?since={said}", headers=as_(ADMIN))
    assert answer.status_code == 422
    assert answer.get_json()["message"].startswith("since: a time is written like")
