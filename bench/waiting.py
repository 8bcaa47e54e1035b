"""What many waiting promotions cost the listener, and how late the due ones are committed."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from demo.stage import Stage, wait_for

TARGETS, RELEASES = 20, 100  # TARGETS * RELEASES promotions wait
DUE, FIRST_DUE, APART = 10, timedelta(seconds=20), timedelta(seconds=2)
MOST_GROWTH_MB, MOST_LATE_SECONDS = 10.0, 2.0
SETTLE_SECONDS, PATIENCE_SECONDS = 5.0, 600.0
STEP, KEY = "work=promotion", re.compile(r"\bkey=(\d+)")
APPS = {"collaborators": ["ana@example.com", "robot@example.com"]}


def measure(stage: Stage) -> tuple[float, list[float]]:
    """Return by how many MB the listener grew, and how late each due promotion was, in ms."""
    _prepare(stage)
    time.sleep(SETTLE_SECONDS)  # the growth with the first requests is not measured
    before = resident_mb(stage)
    stage.heroku("apps/many-staging/history", {"releases": RELEASES - 1})
    stage.heroku("apps/many-staging/deploys", {})
    _wait(stage, TARGETS * RELEASES)
    late = list(_late(stage))
    return resident_mb(stage) - before, late


def verdict(grown: float, late: list[float]) -> str:
    """Return a sentence: what was promised, and whether it was kept."""
    slowest = max(late) / 1000
    kept = grown < MOST_GROWTH_MB and slowest < MOST_LATE_SECONDS
    return (
        f"- {TARGETS * RELEASES} promotions that wait on soak and approval add {grown:.1f} MB"
        f" (less than {MOST_GROWTH_MB:.0f} promised), and {len(late)} that came due meanwhile were"
        f" committed {slowest:.2f} s after their time at the latest (within"
        f" {MOST_LATE_SECONDS:.0f} s promised): {'kept' if kept else 'NOT kept'}."
    )


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
    listed = subprocess.run(
        ["ps", "-A", "-o", "pgid=,rss="], capture_output=True, text=True, check=True
    )
    rows = (line.split() for line in listed.stdout.splitlines())
    return sum(int(rss) for pgid, rss in rows if int(pgid) == stage.listener.pid) / 1024
