"""Deliveries: what is told, in which order, how often, and how it is signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.deliveries import sign
from emulator.world import World
from tests.emulator.callers import ANA, Caller, Received, Receiver

CAPTURES = Path(__file__).parents[1] / "heroku" / "payloads"
GAP = timedelta(seconds=0.16)
URL = "http://receiver.test/hook"


def _subscribe(ana: Caller, level: str = "sync", **values: str) -> Any:
    body = {"include": ["api:release"], "level": level, "url": URL, "secret": "swordfish", **values}
    return ana.post("/apps/staging/webhooks", body)


def _deliveries(ana: Caller) -> list[Any]:
    found = ana.get("/apps/staging/webhook-deliveries")
    assert isinstance(found, list)
    return found


def _wait_for(ana: Caller, world: World, **wanted: object) -> Any:
    """The first delivery, once it looks like that."""

    def looks_so() -> bool:
        return bool(wanted.items() <= _deliveries(ana)[0].items())

    with world.changed:
        assert world.changed.wait_for(looks_so, 10), _deliveries(ana)
    return _deliveries(ana)[0]


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
    _subscribe(ana)
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
    webhook = _subscribe(ana)
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
    _subscribe(ana)
    ana.deploy()
    receiver.next()

    assert not world.timetable.is_quiet()
    world.advance(GAP)

    assert receiver.next().body["created_at"] == "2026-03-02T12:00:00.160000Z"


def test_the_raw_body_is_signed(ana: Caller, receiver: Receiver) -> None:
    _subscribe(ana, secret="grüne Soße")
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
    _subscribe(ana, authorization="any text at all")
    ana.deploy()

    assert receiver.next().headers["Authorization"] == "any text at all"


def test_a_retry_is_signed_with_the_secret_of_that_moment(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    receiver.answers.append(500)
    webhook = _subscribe(ana)
    ana.deploy()
    receiver.next()
    _wait_for(ana, world, status="retrying")

    ana.ask("PATCH", f"/apps/staging/webhooks/{webhook['id']}", {"secret": "sesame"})
    world.advance(timedelta(seconds=1))

    again = receiver.next()
    assert again.headers["Heroku-Webhook-Hmac-SHA256"] == sign(again.content, "sesame")


@pytest.mark.parametrize("answer", [301, 400, 401, 500, 503])
def test_sync_tries_again_until_it_is_taken(
    ana: Caller, world: World, receiver: Receiver, answer: int
) -> None:
    receiver.answers.append(answer)
    _subscribe(ana)
    ana.deploy()
    first = receiver.next()
    failed = _wait_for(ana, world, status="retrying")

    world.advance(timedelta(seconds=0.2))
    second = receiver.next()
    taken = _wait_for(ana, world, status="succeeded")

    assert (failed["last_attempt"]["code"], failed["last_attempt"]["status"]) == (answer, "failed")
    assert (failed["num_attempts"], failed["next_attempt_at"]) == (1, "2026-03-02T12:00:00Z")
    assert (taken["num_attempts"], taken["next_attempt_at"]) == (2, None)
    assert (taken["last_attempt"]["code"], taken["last_attempt"]["status"]) == (204, "succeeded")
    assert first.metadata["attempt"] != second.metadata["attempt"]
    assert first.metadata["delivery"] == second.metadata["delivery"]
    assert first.metadata["event"] == second.metadata["event"]


def test_the_time_between_two_tries_doubles_up_to_a_limit(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    receiver.answers.extend([500] * 8)
    _subscribe(ana)
    ana.deploy()

    waits = []
    for tries in range(1, 9):
        receiver.next()
        _wait_for(ana, world, status="retrying", num_attempts=tries)
        delivery = next(iter(world.deliveries.values()))
        assert delivery.next_attempt_at is not None
        waits.append((delivery.next_attempt_at - world.now()).total_seconds())
        world.advance(timedelta(seconds=waits[-1]))

    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]


def test_later_events_wait_behind_one_that_is_retried(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    receiver.answers.append(500)
    _subscribe(ana)
    ana.deploy()
    receiver.next()
    _wait_for(ana, world, status="retrying")
    world.advance(timedelta(seconds=0.17))
    with world.changed:
        assert world.changed.wait_for(world.timetable.is_quiet, 10)
    waiting = [each["status"] for each in _deliveries(ana)]

    world.advance(timedelta(seconds=0.1))

    assert waiting == ["retrying", "pending"]
    assert [receiver.next().body["action"] for _ in range(2)] == ["create", "update"]


def test_one_failing_webhook_does_not_hold_up_another(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    receiver.answers.append(500)
    _subscribe(ana)
    ana.deploy()
    receiver.next()
    _wait_for(ana, world, status="retrying")
    _subscribe(ana, url="http://other.test/")
    ana.control("apps/staging/config", {"ONE": "1"})

    assert receiver.next().url == "http://other.test/"


def test_notify_tries_once(ana: Caller, world: World, receiver: Receiver) -> None:
    receiver.answers.extend([500, 204])
    _subscribe(ana, "notify")
    ana.deploy()
    world.advance(GAP)

    assert [receiver.next().body["action"] for _ in range(2)] == ["create", "update"]
    assert _wait_for(ana, world, status="failed")["num_attempts"] == 1


def test_a_lost_connection_is_told_as_its_error(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    receiver.answers.append(httpx.ConnectError("refused"))
    _subscribe(ana, "notify")
    ana.deploy()

    attempt = _wait_for(ana, world, status="failed")["last_attempt"]

    assert (attempt["code"], attempt["error_class"]) == (None, "ConnectError")


def test_after_72_hours_there_is_no_more_retry(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    receiver.answers.extend([500] * 3)
    _subscribe(ana)
    ana.deploy()
    receiver.next()
    _wait_for(ana, world, status="retrying")

    world.advance(timedelta(hours=72))

    old, behind = receiver.next(), receiver.next()
    assert (old.body["action"], behind.body["action"]) == ("create", "update")
    with world.changed:  # the update was made only now: it is retried
        assert world.changed.wait_for(lambda: _deliveries(ana)[1]["status"] == "retrying", 10)
    assert _deliveries(ana)[0]["status"] == "failed"


def test_an_event_that_waited_72_hours_gets_one_try(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    receiver.answers.extend([500] * 4)
    _subscribe(ana)
    ana.deploy()
    receiver.next()
    _wait_for(ana, world, status="retrying")
    ana.control("apps/staging/config", {"ONE": "1"})

    world.advance(timedelta(hours=72))

    for _ in range(3):
        receiver.next()
    with world.changed:
        assert world.changed.wait_for(lambda: _deliveries(ana)[1]["status"] == "skipped", 10)
    assert _deliveries(ana)[1]["num_attempts"] == 1


def test_an_ended_subscription_is_told_nothing_more(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    receiver.answers.append(500)
    webhook = _subscribe(ana)
    ana.deploy()
    receiver.next()
    _wait_for(ana, world, status="retrying")

    ana.ask("DELETE", f"/apps/staging/webhooks/{webhook['id']}")
    world.advance(timedelta(seconds=10))

    assert world.settle(10).idle
    assert receiver.is_empty()


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
    _subscribe(ana)

    ana.control(f"apps/staging/{change}", body)

    data = receiver.next().body["data"]
    assert (data["description"], data["slug"]["id"]) == (description, slug)


def test_a_delivery_can_be_repeated_as_after_a_lost_answer(ana: Caller, receiver: Receiver) -> None:
    webhook = _subscribe(ana)
    ana.control(f"webhooks/{webhook['id']}", {"repeats": 2}, "PATCH")
    ana.deploy()

    told = [receiver.next().metadata for _ in range(3)]

    assert len({each["delivery"]["id"] for each in told}) == 1
    assert len({each["attempt"]["id"] for each in told}) == 3


def test_an_event_can_be_told_twice_under_other_ids(ana: Caller, receiver: Receiver) -> None:
    webhook = _subscribe(ana)
    ana.control(f"webhooks/{webhook['id']}", {"duplicates": 1}, "PATCH")
    ana.deploy()

    first, second = receiver.next(), receiver.next()

    assert first.body["id"] != second.body["id"]
    assert first.body["data"] == second.body["data"]


def test_deliveries_can_be_late(ana: Caller, world: World, receiver: Receiver) -> None:
    webhook = _subscribe(ana)
    ana.control(f"webhooks/{webhook['id']}", {"delay": 60}, "PATCH")
    ana.deploy()

    world.advance(timedelta(seconds=59))
    late = receiver.is_empty()
    world.advance(timedelta(seconds=1))

    assert late
    assert receiver.next().body["action"] == "create"


def test_deliveries_can_be_shuffled(ana: Caller, world: World, receiver: Receiver) -> None:
    webhook = _subscribe(ana)
    ana.control(f"webhooks/{webhook['id']}", {"shuffle": True}, "PATCH")
    for number in range(12):
        ana.control("apps/staging/config", {"NUMBER": str(number)})

    world.advance(timedelta(seconds=0.5))

    told = [receiver.next().body["data"]["version"] for _ in range(12)]
    assert sorted(told) == list(range(3, 15))
    assert told != sorted(told)


def test_deliveries_are_listed_by_number_and_status(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    receiver.answers.append(500)
    _subscribe(ana, "notify")
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
