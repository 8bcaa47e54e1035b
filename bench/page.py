"""The lanes in a browser: how long the server takes for them, and how large they are."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

import httpx

from bench.figures import Figure, Part, at_most, percentile, told
from bench.plenty import APPS, LANES, PLANT, SETTLED
from bench.stages import sql, staged
from bench.waiting import cpu_seconds
from demo.stage import Stage

ROUNDS, WARM = 100, 10
MOST_MS, MOST_KB = 50.0, 60.0
FRESH: Mapping[str, str] = {}


def measure() -> Part:
    """Ask a listener with many lanes and a long past for the page, again and again."""
    with staged({"AUTOPROMOTE_RUNNERS": "0"}) as stage:
        sql(stage, PLANT)
        with httpx.Client(base_url=stage.url, timeout=30) as browser:
            browser.post("/login", data={"code": stage.ask("login:code")["code"]})
            figures = list(_figures(stage, browser))
    past = f"{LANES} lanes of {APPS} apps after {SETTLED:,} settled promotions"
    return Part(
        figures, (f"The page shows {past}; a third of its lanes wait for time, people or a hold.",)
    )


def _figures(stage: Stage, browser: httpx.Client) -> Iterator[Figure]:
    page = browser.get("/")
    assert page.text.count('<li class="stop') > LANES, page.text[:500]
    worked = cpu_seconds(stage)
    whole = _times(browser, FRESH, status=200)
    worked = (cpu_seconds(stage) - worked) * 1000 / (WARM + ROUNDS)
    yield at_most(
        "`/`, 100 apps: from the request to the whole page", percentile(whole, 0.5), MOST_MS, "ms"
    )
    yield at_most("its p95", percentile(whole, 0.95), MOST_MS, "ms")
    yield told("the listener's CPU time for it", worked, "ms")
    yield at_most("its HTML, before it is packed", len(page.content) / 1000, MOST_KB, "kB")
    yield told("the same as a browser takes it", len(_packed(browser)) / 1000, "kB")
    same = _times(browser, {"If-None-Match": page.headers["ETag"]}, status=304)
    yield told("`/` again, where nothing changed", percentile(same, 0.5), "ms")


def _packed(browser: httpx.Client) -> bytes:
    with browser.stream("GET", "/", headers={"Accept-Encoding": "gzip"}) as answer:
        return b"".join(answer.iter_raw())


def _times(browser: httpx.Client, headers: Mapping[str, str], *, status: int) -> list[float]:
    """Return the milliseconds of each answer, once the first ones have warmed all up."""
    found = []
    for _ in range(WARM + ROUNDS):
        begun = time.perf_counter()
        answer = browser.get("/", headers=dict(headers))
        found.append((time.perf_counter() - begun) * 1000)
        assert answer.status_code == status, answer.status_code
    return found[WARM:]
