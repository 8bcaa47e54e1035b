"""`make bench`: how fast a delivery is answered, a deploy is promoted and a command starts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from bench import starts, waiting
from demo.stage import Stage, say, wait_for

DELIVERIES, SENDERS, DEPLOYS = 2000, 4, 30


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value below which this share of the values lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def row(what: str, milliseconds: list[float]) -> str:
    """Return one line of the table."""
    p50, p99 = statistics.median(milliseconds), percentile(milliseconds, 0.99)
    return f"| {what} | {len(milliseconds)} | {p50:.1f} | {p99:.1f} | {max(milliseconds):.1f} |"


def timed(work: Callable[[], object]) -> float:
    """Return how long `work` took, in milliseconds."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def answers(stage: Stage) -> list[float]:
    """Return how long signed deliveries take until their 204, durable write included, in ms."""
    secret = _secret(stage)
    app = stage.ask("webhooks")[0]["app"]
    bodies = [_body(app) for _ in range(DELIVERIES)]

    def send(some: list[bytes]) -> list[float]:
        with httpx.Client(base_url=stage.url) as http:
            return [timed(partial(_deliver, http, body, secret)) for body in some]

    with ThreadPoolExecutor(SENDERS) as pool:
        parts = pool.map(send, [bodies[n::SENDERS] for n in range(SENDERS)])
        return [one for part in parts for one in part]


def _secret(stage: Stage) -> str:
    requests = httpx.get(f"{stage.heroku_url}/_emulator/requests").json()
    made = [r for r in requests if r["method"] == "POST" and r["path"].endswith("/webhooks")]
    return str(made[-1]["body"]["secret"])


def _body(app: Any) -> bytes:
    """Build the event of an already known release, as most deliveries are."""
    ids = [str(uuid.uuid4()) for _ in range(4)]
    data = {"id": ids[0], "app": app, "status": "succeeded", "current": True, "version": 1}
    event = {"id": ids[1], "action": "update", "resource": "release"}
    metadata = {"delivery": {"id": ids[2]}, "event": {"id": ids[3], "include": "api:release"}}
    more = {"data": data | {"slug": None}, "webhook_metadata": metadata}
    return json.dumps(event | more).encode()


def _deliver(http: httpx.Client, body: bytes, secret: str) -> None:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    signature = base64.b64encode(digest).decode()
    answer = http.post(
        "/webhooks/heroku", content=body, headers={"Heroku-Webhook-Hmac-SHA256": signature}
    )
    assert answer.status_code == 204, answer.status_code


def promotions(stage: Stage) -> dict[str, list[float]]:
    """Return, per deploy, the ms from the first delivery to the intent and to the end."""
    posted, ended = [], []
    for _ in range(DEPLOYS):
        version = stage.heroku("apps/acme-staging/deploys", {})["version"]
        promotion = wait_for(partial(_succeeded, stage, version), f"v{version}")
        at = {event["event"]: _time(event["at"]) for event in promotion["timeline"]}
        received = min(_time(d["received_at"]) for d in _deliveries(stage, version))
        posted.append((at["posting"] - received).total_seconds() * 1000)
        ended.append((at["succeeded"] - received).total_seconds() * 1000)
    return {"delivery → intent committed": posted, "delivery → released": ended}


def _succeeded(stage: Stage, version: int) -> Any:
    newest = stage.ask("promotions", "-n", "1")[0]
    if newest["source"]["release"]["version"] != version or newest["status"] != "succeeded":
        return None
    return stage.ask("promotions:info", newest["id"])


def _deliveries(stage: Stage, version: int) -> list[Any]:
    found = stage.ask("webhooks:deliveries", "-a", "acme-staging", "-n", "10")
    return [one for one in found if (one["release"] or {}).get("version") == version]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def main() -> int:
    """Measure everything in one run and print a table fit for RESULTS.md."""
    with tempfile.TemporaryDirectory(prefix="autopromote-bench-") as folder, ExitStack() as stack:
        stage = Stage(Path(folder), stack)
        stage.start()
        for line in (
            ("login",),
            ("webhooks:add", "--app", "acme-staging"),
            ("rules:add", "ship", "--from", "acme-staging", "--to", "acme-prod"),
        ):
            stage.type(*line)
        say("\n| what | n | p50 ms | p99 ms | max ms |\n|---|---|---|---|---|")
        for what, took in promotions(stage).items():
            say(row(what, took))
        say(row(f"signed delivery → 204, {SENDERS} senders", answers(stage)))
        measured = starts.lines(stage, Path(folder))
        took_by_name = starts.measure(measured)
        for name, took in took_by_name.items():
            say(row(f"`{name}`", took))
        verdicts = starts.verdicts(measured, took_by_name)
    grown, late = waits()
    say(row("time of a promotion → intent committed, 2000 others waiting", late))
    say("\n" + "\n".join([*verdicts, waiting.verdict(grown, late)]))
    return 0


def waits() -> tuple[float, list[float]]:
    """Measure many waiting promotions, in processes that did nothing else before."""
    with tempfile.TemporaryDirectory(prefix="autopromote-bench-") as folder, ExitStack() as stack:
        stage = Stage(Path(folder), stack)
        stage.start()
        stage.type("login")
        return waiting.measure(stage)


if __name__ == "__main__":
    sys.exit(main())
