"""Deliveries that come repeated, late or in any order, when a test asks for it."""

from __future__ import annotations

from datetime import timedelta

from emulator.world import World
from tests.emulator.callers import Caller, Receiver
from tests.emulator.subscriptions import subscribe


def test_a_delivery_can_be_repeated_as_after_a_lost_answer(ana: Caller, receiver: Receiver) -> None:
    webhook = subscribe(ana)
    ana.control(f"webhooks/{webhook['id']}", {"repeats": 2}, "PATCH")
    ana.deploy()

    told = [receiver.next().metadata for _ in range(3)]

    assert len({each["delivery"]["id"] for each in told}) == 1
    assert len({each["attempt"]["id"] for each in told}) == 3


def test_what_was_delivered_is_told_whatever_goes_wrong(ana: Caller, receiver: Receiver) -> None:
    subscribe(ana)
    ana.control("faults", {"kind": "status"})
    ana.deploy()
    sent = receiver.next()

    told = ana.control("apps/staging/deliveries", method="GET")

    assert sent.metadata["delivery"]["id"] in [each["id"] for each in told]
    assert told[0]["event"]["payload"]["data"] == sent.body["data"]
    assert ana.control("apps/production/deliveries", method="GET") == []


def test_an_event_can_be_told_twice_under_other_ids(ana: Caller, receiver: Receiver) -> None:
    webhook = subscribe(ana)
    ana.control(f"webhooks/{webhook['id']}", {"duplicates": 1}, "PATCH")
    ana.deploy()

    first, second = receiver.next(), receiver.next()

    assert first.body["id"] != second.body["id"]
    assert first.body["data"] == second.body["data"]


def test_deliveries_can_be_late(ana: Caller, world: World, receiver: Receiver) -> None:
    webhook = subscribe(ana)
    ana.control(f"webhooks/{webhook['id']}", {"delay": 60}, "PATCH")
    ana.deploy()

    world.advance(timedelta(seconds=59))
    late = receiver.is_empty()
    world.advance(timedelta(seconds=1))

    assert late
    assert receiver.next().body["action"] == "create"


def test_deliveries_can_be_shuffled(ana: Caller, world: World, receiver: Receiver) -> None:
    webhook = subscribe(ana)
    ana.control(f"webhooks/{webhook['id']}", {"shuffle": True}, "PATCH")
    for number in range(12):
        ana.control("apps/staging/config", {"NUMBER": str(number)})

    world.advance(timedelta(seconds=0.5))

    told = [receiver.next().body["data"]["version"] for _ in range(12)]
    assert sorted(told) == list(range(3, 15))
    assert told != sorted(told)
