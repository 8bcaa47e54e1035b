"""Deliveries that fail: tried again, in order, until they are taken or too old."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from emulator.deliveries import sign
from emulator.world import World
from tests.emulator.callers import Caller, Receiver
from tests.emulator.subscriptions import GAP, deliveries_of, subscribe, wait_for


def test_a_retry_is_signed_with_the_secret_of_that_moment(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    receiver.answers.append(500)
    webhook = subscribe(ana)
    ana.deploy()
    receiver.next()
    wait_for(ana, world, status="retrying")

    ana.ask("PATCH", f"/apps/staging/webhooks/{webhook['id']}", {"secret": "sesame"})
    world.advance(timedelta(seconds=1))

    again = receiver.next()
    assert again.headers["Heroku-Webhook-Hmac-SHA256"] == sign(again.content, "sesame")


@pytest.mark.parametrize("answer", [301, 400, 401, 500, 503])
def test_sync_tries_again_until_it_is_taken(
    ana: Caller, world: World, receiver: Receiver, answer: int
) -> None:
    receiver.answers.append(answer)
    subscribe(ana)
    ana.deploy()
    first = receiver.next()
    failed = wait_for(ana, world, status="retrying")

    world.advance(timedelta(seconds=0.2))
    second = receiver.next()
    taken = wait_for(ana, world, status="succeeded")

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
    subscribe(ana)
    ana.deploy()

    waits = []
    for tries in range(1, 9):
        receiver.next()
        wait_for(ana, world, status="retrying", num_attempts=tries)
        delivery = next(iter(world.deliveries.values()))
        assert delivery.next_attempt_at is not None
        waits.append((delivery.next_attempt_at - world.now()).total_seconds())
        world.advance(timedelta(seconds=waits[-1]))

    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]


def test_later_events_wait_behind_one_that_is_retried(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    receiver.answers.append(500)
    subscribe(ana)
    ana.deploy()
    receiver.next()
    wait_for(ana, world, status="retrying")
    world.advance(timedelta(seconds=0.17))
    with world.changed:
        assert world.changed.wait_for(world.timetable.is_quiet, 10)
    waiting = [each["status"] for each in deliveries_of(ana)]

    world.advance(timedelta(seconds=0.1))

    assert waiting == ["retrying", "pending"]
    assert [receiver.next().body["action"] for _ in range(2)] == ["create", "update"]


def test_one_failing_webhook_does_not_hold_up_another(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    receiver.answers.append(500)
    subscribe(ana)
    ana.deploy()
    receiver.next()
    wait_for(ana, world, status="retrying")
    subscribe(ana, url="http://other.test/")
    ana.control("apps/staging/config", {"ONE": "1"})

    assert receiver.next().url == "http://other.test/"


def test_notify_tries_once(ana: Caller, world: World, receiver: Receiver) -> None:
    receiver.answers.extend([500, 204])
    subscribe(ana, "notify")
    ana.deploy()
    world.advance(GAP)

    assert [receiver.next().body["action"] for _ in range(2)] == ["create", "update"]
    assert wait_for(ana, world, status="failed")["num_attempts"] == 1


def test_a_lost_connection_is_told_as_its_error(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    receiver.answers.append(httpx.ConnectError("refused"))
    subscribe(ana, "notify")
    ana.deploy()

    attempt = wait_for(ana, world, status="failed")["last_attempt"]

    assert (attempt["code"], attempt["error_class"]) == (None, "ConnectError")


def test_after_72_hours_there_is_no_more_retry(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    receiver.answers.extend([500] * 3)
    subscribe(ana)
    ana.deploy()
    receiver.next()
    wait_for(ana, world, status="retrying")

    world.advance(timedelta(hours=72))

    old, behind = receiver.next(), receiver.next()
    assert (old.body["action"], behind.body["action"]) == ("create", "update")
    wait_for(ana, world, 1, status="retrying")  # the update was made only now
    assert deliveries_of(ana)[0]["status"] == "failed"


def test_an_event_that_waited_72_hours_gets_one_try(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    receiver.answers.extend([500] * 4)
    subscribe(ana)
    ana.deploy()
    receiver.next()
    wait_for(ana, world, status="retrying")
    ana.control("apps/staging/config", {"ONE": "1"})

    world.advance(timedelta(hours=72))

    for _ in range(3):
        receiver.next()
    assert wait_for(ana, world, 1, status="skipped")["num_attempts"] == 1


def test_an_ended_subscription_is_told_nothing_more(
    ana: Caller, world: World, receiver: Receiver
) -> None:
    receiver.answers.append(500)
    webhook = subscribe(ana)
    ana.deploy()
    receiver.next()
    wait_for(ana, world, status="retrying")

    ana.ask("DELETE", f"/apps/staging/webhooks/{webhook['id']}")
    world.advance(timedelta(seconds=10))

    assert world.settle(10).idle
    assert receiver.is_empty()
