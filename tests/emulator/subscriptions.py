"""Subscribing to an app, and waiting for what becomes of its deliveries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from emulator.world import World
from tests.emulator.callers import Caller

GAP = timedelta(seconds=0.16)
URL = "http://receiver.test/hook"


def subscribe(ana: Caller, level: str = "sync", **values: str) -> Any:
    """A webhook for the releases of staging."""
    body = {"include": ["api:release"], "level": level, "url": URL, "secret": "swordfish", **values}
    return ana.post("/apps/staging/webhooks", body)


def deliveries_of(ana: Caller) -> list[Any]:
    """The deliveries of staging, oldest first."""
    found = ana.get("/apps/staging/webhook-deliveries")
    assert isinstance(found, list)
    return found


def wait_for(ana: Caller, world: World, number: int = 0, **wanted: object) -> Any:
    """That delivery, the first unless said otherwise, once it looks like that."""

    def looks_so() -> bool:
        return bool(wanted.items() <= deliveries_of(ana)[number].items())

    with world.changed:
        assert world.changed.wait_for(looks_so, 10), deliveries_of(ana)
    return deliveries_of(ana)[number]
