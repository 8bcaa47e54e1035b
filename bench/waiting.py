"""What many promotions cost when they are found and while they wait, and how late others are."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bench.figures import Figure, Part, at_most, told
from bench.stages import APPS, forget_requests, requests, staged
from demo.stage import Stage, wait_for

TARGETS, RELEASES = 20, 100  # TARGETS * RELEASES promotions wait
DUE, FIRST_DUE, APART = 10, timedelta(seconds=20), timedelta(seconds=2)
MOST_GROWTH_MB, MOST_LATE_SECONDS = 10.0, 2.0
SETTLE_SECONDS, PATIENCE_SECONDS = 5.0, 600.0
STEP, KEY = "work=promotion", re.compile(r"\bkey=(\d+)")
# Heroku's limit leaves room for all of their calls at once, so it takes what we make of it.
MOST_SECONDS = 30.0
BUDGET = 4500  # of an account at Heroku, that grows by 75 a minute


def measure() -> Part:
    """Have 2,000 promotions found at once, and others come due while these wait."""
    with staged() as stage:
        _prepare(stage)
        time.sleep(SETTLE_SECONDS)  # the growth with the first requests is not measured
        forget_requests(stage)
        before, worked, begun = resident_mb(stage), cpu_seconds(stage), time.monotonic()
        stage.heroku("apps/many-staging/history", {"releases": RELEASES - 1})
        stage.heroku("apps/many-staging/deploys", {})
        _wait(stage, TARGETS * RELEASES)
        took, worked = time.monotonic() - begun, cpu_seconds(stage) - worked
        calls = len(requests(stage))
        late = list(_late(stage))
        grown = resident_mb(stage) - before
    return Part(list(_figures(took, worked, calls, grown, late)))


def _figures(
    took: float, worked: float, calls: int, grown: float, late: list[float]
) -> Iterator[Figure]:
    many = f"{TARGETS * RELEASES:,} promotions"
    yield at_most(f"{many} evaluated for the first time", took, MOST_SECONDS, "s")
    yield told("the listener's CPU time for them", worked, "s")
    yield at_most("their calls to Heroku, whose limit holds", calls, BUDGET, "calls")
    yield at_most("memory that they add while they wait", grown, MOST_GROWTH_MB, "MB")
    what = f"time of a promotion → intent committed, {many} waiting, the latest of {DUE}"
    yield at_most(what, max(late), MOST_LATE_SECONDS * 1000, "ms")


def _prepare(stage: Stage) -> None:
    """Create a source with many targets, and one whose targets are due at different times."""
    many = [f"many-{number}" for number in range(TARGETS)]
    due = [f"due-{number}" for number in range(DUE)]
    for name in ("many-staging", "due-staging", *many, *due):
        stage.heroku("apps", {"name": name, **APPS})
        stage.heroku(f"apps/{name}/deploys", {"age_days": 1})
    for source in ("many-staging", "due-staging"):
        stage.ask("webhooks:add", "--app", source)
    asked = ("--soak", "1d", "--approvals", "1", "--on-newer", "keep")
    stage.ask("rules:add", "many", "--from", "many-staging", "--to", ",".join(many), *asked)
    for number, target in enumerate(due):
        soak = f"{(FIRST_DUE + number * APART).seconds}s"
        route = ("--from", "due-staging", "--to", target)
        stage.ask("rules:add", f"due-{number}", *route, "--soak", soak)


def _wait(stage: Stage, count: int) -> None:
    """Wait until `count` promotions were evaluated; read the log, so that no request disturbs."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends_at:
        steps = (line for line in stage.log_of("listener").splitlines() if STEP in line)
        if len({found[1] for line in steps if (found := KEY.search(line))}) >= count:
            return
        time.sleep(1)  # between two reads of the log
    raise AssertionError(f"{count} promotions were not evaluated in {PATIENCE_SECONDS:.0f} s")


def _late(stage: Stage) -> Iterator[float]:
    """Yield how long after its due time each promotion was committed, in milliseconds."""
    release = stage.heroku("apps/due-staging/deploys", {})
    ran_at = _time(release["updated_at"])
    last = FIRST_DUE + DUE * APART
    time.sleep(last.total_seconds())
    for number in range(DUE):
        done = wait_for(partial(_promoted, stage, f"due-{number}"), f"due-{number}")
        posted = next(m["at"] for m in done["timeline"] if m["event"] == "posting")
        due_at = ran_at + FIRST_DUE + number * APART
        yield (_time(posted) - due_at).total_seconds() * 1000


def _promoted(stage: Stage, target: str) -> Any:
    found = stage.ask("promotions", "--app", target, "-n", "1")
    if not found or found[0]["status"] != "succeeded":
        return None
    return stage.ask("promotions:info", found[0]["id"])


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def resident_mb(stage: Stage) -> float:
    """Return the resident memory of all listener processes together, in MB."""
    return sum(int(rss) for rss, _ in _listed(stage)) / 1024


def cpu_seconds(stage: Stage) -> float:
    """Return how long all listener processes together worked so far."""
    return sum(int(seconds) for _, seconds in _listed(stage))


def _listed(stage: Stage) -> list[list[str]]:
    listed = subprocess.run(
        ["ps", "-A", "-o", "pgid=,rss=,times="], capture_output=True, text=True, check=True
    )
    rows = (line.split() for line in listed.stdout.splitlines())
    return [row for pgid, *row in rows if int(pgid) == stage.listener.pid]
