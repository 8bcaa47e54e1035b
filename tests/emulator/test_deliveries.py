"""Deliveries: what is told, in which order, how often, and how it is signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from emulator.deliveries import sign
from emulator.world import World
from tests.emulator.callers import ANA, Caller, Received, Receiver
from tests.emulator.subscriptions import GAP, URL, subscribe

CAPTURES = Path(__file__).parents[1] / "heroku" / "payloads"


def _shape(value: Any) -> Any:
    """Names and types, without what they hold."""
    if isinstance(value, dict):
        return {name: _shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_shape(inner) for inner in value]
    return type(value).__name__


def _fields(received: Received) -> tuple[str, str, bool]:
    data = received.body["data"]
    return received.body["action"], data["status"], data["current"]


@pytest.mark.parametrize("action", ["create", "update"])
def test_a_deploy_is_told_in_the_form_that_was_captured(
    ana: Caller, world: World, receiver: Receiver, action: str
) -> None:
    captured = json.loads((CAPTURES / f"release-{action}.json").read_text())
    subscribe(ana)
    ana.deploy()
    world.advance(GAP)

    bodies = {body["action"]: body for body in (receiver.next().body, receiver.next().body)}

    assert _shape(bodies[action]) == _shape(captured)
    for name in ("created_at", "updated_at", "published_at"):
        assert len(bodies[action][name]) == len(captured[name])
    assert bodies[action]["version"] == captured["version"]
    assert bodies[action]["resource"] == captured["resource"]


def test_one_release_makes_two_events_that_both_say_it_runs(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    webhook = subscribe(ana)
    release = ana.deploy()
    world.advance(GAP)

    first, second = receiver.next(), receiver.next()

    assert [_fields(each) for each in (first, second)] == [
        ("create", "succeeded", True),
        ("update", "succeeded", True),
    ]
    assert first.body["data"] == second.body["data"]
    assert first.body["data"]["id"] == release["id"]
    assert first.body["data"]["slug"]["id"] == release["slug"]["id"]
    assert first.body["actor"]["email"] == ANA
    assert first.body["id"] == first.metadata["event"]["id"] != second.body["id"]
    assert first.metadata["webhook"]["id"] == webhook["id"]


def test_the_second_event_comes_after_the_gap(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    subscribe(ana)
    ana.deploy()
    receiver.next()

    assert not world.timetable.is_quiet()
    world.advance(GAP)

    assert receiver.next().body["created_at"] == "2026-03-02T12:00:00.160000Z"


def test_the_raw_body_is_signed(ana: Caller, receiver: Receiver) -> None:
    subscribe(ana, secret="grüne Soße")
    ana.deploy()

    received = receiver.next()

    digest = hmac.new("grüne Soße".encode(), received.content, hashlib.sha256).digest()
    signature = received.headers["Heroku-Webhook-Hmac-SHA256"]
    assert signature == base64.b64encode(digest).decode()
    assert received.headers["Content-Type"] == "application/json"
    assert "Authorization" not in received.headers
    assert received.url == URL


def test_the_signature_is_the_one_that_others_compute() -> None:
    assert (
        sign(b"a wild payload appeared", "foobar") == "luDEVkRg2AxxcflGmamyN5mOPleyccUZdkg+C0MoRBY="
    )


def test_the_secret_that_heroku_made_up_signs_too(ana: Caller, receiver: Receiver) -> None:
    body = {"include": ["api:release"], "level": "sync", "url": URL}
    secret = ana.ask("POST", "/apps/staging/webhooks", body).headers["Heroku-Webhook-Secret"]
    ana.deploy()

    received = receiver.next()

    assert received.headers["Heroku-Webhook-Hmac-SHA256"] == sign(received.content, secret)


def test_the_authorization_is_sent_as_it_was_given(ana: Caller, receiver: Receiver) -> None:
    subscribe(ana, authorization="any text at all")
    ana.deploy()

    assert receiver.next().headers["Authorization"] == "any text at all"


def test_only_who_asked_for_releases_of_that_app_is_told(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    body = {"include": ["api:build"], "level": "sync", "url": URL}
    ana.post("/apps/staging/webhooks", body)
    ana.post("/apps/production/webhooks", body | {"include": ["api:release"]})

    ana.deploy()
    world.advance(GAP)

    assert world.settle(10).idle
    assert receiver.is_empty()
    assert ana.get("/apps/staging/webhook-events") == []


@pytest.mark.parametrize(
    ("change", "body", "description"),
    [
        ("config", {"ONE": "1"}, "Set ONE config vars"),
        ("addons", {"plan": "heroku-redis:mini"}, "Attach REDIS by heroku-redis"),
        ("rollbacks", {"release": 3}, "Rollback to v3"),
        ("retries", {"release": 3}, "Retry of v3: Deploy 1a5f89db"),
    ],
)
def test_every_release_is_told_not_only_deploys(
    ana: Caller, receiver: Receiver, change: str, body: object, description: str
) -> None:
    slug = ana.deploy(commit="1a5f89db9a6a62f29689b6eeea65e6b6eb0879cd")["slug"]["id"]
    subscribe(ana)

    ana.control(f"apps/staging/{change}", body)

    data = receiver.next().body["data"]
    assert (data["description"], data["slug"]["id"]) == (description, slug)


def test_deliveries_are_listed_by_number_and_status(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    receiver.answers.append(500)
    subscribe(ana, "notify")
    ana.deploy()
    world.advance(GAP)
    assert world.settle(10).idle
    path = "/apps/staging/webhook-deliveries"

    failed = ana.get(f"{path}?eq[status]=failed")
    newest = ana.ask("GET", path, Range="seq ..; order=desc,max=1").json()

    assert [each["status"] for each in failed] == ["failed"]
    assert [each["status"] for each in newest] == ["succeeded"]
    assert ana.get(f"{path}/{failed[0]['id']}") == failed[0]
    events = ana.get("/apps/staging/webhook-events")
    assert [event["payload"]["action"] for event in events] == ["create", "update"]
    assert ana.get(f"/apps/staging/webhook-events/{events[0]['id']}") == events[0]
