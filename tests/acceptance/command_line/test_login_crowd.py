"""Strangers log in for ever, with tokens that are none: people come in nevertheless."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import httpx
import pytest

from listener.services.login_limits import EVERY, FAILURES
from tests.acceptance.command_line.people import asked
from tests.acceptance.town import Town
from tests.cli.program import Autopromote

pytestmark = pytest.mark.acceptance

STRANGERS = 4
LOGINS = 3


def try_for_ever(url: str, address: str, over: Event) -> Counter[int]:
    """Bring another token each time, from one address as the router tells it; count the answers."""
    seen: Counter[int] = Counter()
    headers = {"X-Forwarded-For": f"198.51.100.7, {address}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60) as http:
        while not over.is_set():
            body = {"heroku_token": f"HRKU-{address}-{seen.total()}"}
            seen[http.post("/api/tokens", json=body).status_code] += 1
    return seen


@contextmanager
def strangers(town: Town) -> Iterator[Counter[int]]:
    """Have them at it within the block; the answers are counted when it is over."""
    over, seen = Event(), Counter[int]()
    with ThreadPoolExecutor() as threads:
        running = [
            threads.submit(try_for_ever, town.url, f"203.0.113.{number}", over)
            for number in range(STRANGERS)
        ]
        try:
            yield seen
        finally:
            over.set()
            for each in running:
                seen.update(each.result())


def test_people_come_in_past_strangers_and_heroku_hears_little_of_those(
    town: Town, person: Autopromote
) -> None:
    town.heroku.control("requests", method="DELETE")
    town.heroku.fault("latency", "GET", "/account", before=0.2)  # places are worth something
    begun = time.monotonic()
    try:
        with strangers(town) as seen:
            outcomes = [person("login") for _ in range(LOGINS)]
    finally:
        town.heroku.control("faults", method="DELETE")
    refilled = math.ceil((time.monotonic() - begun) / EVERY.total_seconds())

    assert {each.stdout for each in outcomes} == {"Logged in as ana@example.com (admin)\n"}
    assert set(seen) == {401, 429}
    assert seen[401] <= STRANGERS * (FAILURES + refilled)
    assert asked(town).count("GET /account") <= seen[401] + LOGINS
    assert seen[429] > seen[401]
