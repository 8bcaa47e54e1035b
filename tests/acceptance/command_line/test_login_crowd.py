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
from tests.acceptance.town import Town, wait_until
from tests.cli.program import Autopromote

pytestmark = pytest.mark.acceptance

STRANGERS = 4
LOGINS = 3


def try_for_ever(url: str, address: str, over: Event, seen: Counter[int]) -> None:
    """Bring another token each time, from one address as the router tells it; count the answers."""
    headers = {"X-Forwarded-For": f"198.51.100.7, {address}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60) as http:
        while not over.is_set():
            body = {"heroku_token": f"HRKU-{address}-{seen.total()}"}
            seen[http.post("/api/tokens", json=body).status_code] += 1


@contextmanager
def strangers(town: Town) -> Iterator[list[Counter[int]]]:
    """Have them at it within the block; each counts the answers."""
    over, seen = Event(), [Counter[int]() for _ in range(STRANGERS)]
    with ThreadPoolExecutor() as threads:
        running = [
            threads.submit(try_for_ever, town.url, f"203.0.113.{number}", over, own)
            for number, own in enumerate(seen)
        ]
        try:
            yield seen
        finally:
            over.set()
            for each in running:
                each.result()


def total(seen: list[Counter[int]]) -> Counter[int]:
    """How often each answer was given."""
    return sum((each.copy() for each in seen), Counter())


def are_refused(seen: list[Counter[int]]) -> bool:
    """Whether strangers mostly hear that they are to wait."""
    return total(seen)[429] > total(seen)[401]


def test_people_come_in_past_strangers_and_heroku_hears_little_of_those(
    town: Town, person: Autopromote
) -> None:
    town.heroku.control("requests", method="DELETE")
    town.heroku.fault("latency", "GET", "/account", before=0.2)  # places are worth something
    begun = time.monotonic()
    try:
        with strangers(town) as crowd:
            outcomes = [person("login") for _ in range(LOGINS)]
            wait_until(lambda: are_refused(crowd), "strangers that are refused")
    finally:
        town.heroku.control("faults", method="DELETE")
    seen = total(crowd)
    refilled = math.ceil((time.monotonic() - begun) / EVERY.total_seconds())

    assert {each.stdout for each in outcomes} == {"Logged in as ana@example.com (admin)\n"}
    assert set(seen) == {401, 429}
    assert seen[401] <= STRANGERS * (FAILURES + refilled)
    assert asked(town).count("GET /account") <= seen[401] + LOGINS
