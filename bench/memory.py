"""What a dyno needs in memory, and a delivery on disk."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path

import httpx

from bench import door
from bench.figures import Figure, Part, at_most, told
from bench.load import built, run
from bench.stages import is_at_rest, ship, sql, staged
from demo.stage import DemoFailed, Stage, wait_for

WAITING, DELIVERIES = 10_000, 2_000
MOST_PROCESS_MB, MOST_DYNO_MB, MOST_GROWTH_MB, MOST_KB = 100, 150, 10, 1.5
# A service that nobody runs: what tells people is loaded, and nobody is told.
NOTIFY = {"AUTOPROMOTE_NOTIFY": "json://127.0.0.1:9/"}
DEPLOYS, LOOKS = 10, 10
PATIENCE_SECONDS = 60.0
COMMANDS = (
    ("rules",),
    ("promotions",),
    ("holds",),
    ("audit",),
    ("webhooks",),
    ("webhooks:deliveries",),
    ("explain", "--app", "many-staging"),
    ("doctor",),
    ("rules:export",),
    ("rules:backtest", "many"),
)
PAGES = ("/", "/promotions/1", "/rules/1", "/figures", "/audit")
VISITS = 4  # each by a connection of its own, so that every process has its share
# Waits for its soak, as many do; only the release's id and version are made up.
PLANT = """
    INSERT INTO promotion (rule_id, rule_revision, source_id, release_id, version, artifact,
      target_id, status, reason, gates, evaluated_at, due_at, status_at, soaks_from)
    SELECT rule_id, rule_revision, source_id, gen_random_uuid()::text, version, artifact,
      target_id, 'waiting', reason, gates, now(), now() + interval '1 day', now(), now()
    FROM (SELECT * FROM promotion ORDER BY id DESC LIMIT 1) AS one, generate_series(1, %s)
"""


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one process in MB: what it holds, and its share where several hold the same."""

    resident: float
    share: float


def measure() -> Part:
    """Load everything, plant promotions that wait; fill a listener that settles nothing."""
    with staged(NOTIFY) as stage:
        figures = list(_of_processes(stage))
    with staged({"AUTOPROMOTE_RUNNERS": "0"}) as stage:
        figures.append(_on_disk(stage))
    return Part(figures)


def _of_processes(stage: Stage) -> Iterator[Figure]:
    source, target = ship(stage, "many", "--on-newer", "keep")
    for _ in range(DEPLOYS):
        stage.heroku(f"apps/{source}/deploys", {})
        stage.heroku("flush", {})
    wait_for(lambda: is_at_rest(stage), "rest")
    stage.ask("holds:add", "--app", target, "--reason", "so that somebody is told")
    for command in COMMANDS:
        with suppress(DemoFailed):  # a doctor that has found something is no less loaded
            stage.ask(*command)
    for path in ("/metrics", "/openapi.json", "/readyz"):
        httpx.get(f"{stage.url}{path}")
    _look(stage)
    stage.ask("holds:release", "--app", target, "--confirm", target)
    master, *workers = processes(stage)
    yield at_most(
        "a web process, everything loaded", max(w.resident for w in workers), MOST_PROCESS_MB, "MB"
    )
    whole = sum(one.share for one in (master, *workers))
    yield at_most(
        "the dyno, pages that two processes share counted once", whole, MOST_DYNO_MB, "MB"
    )
    yield told("the same, counted twice", sum(o.resident for o in (master, *workers)), "MB")
    yield at_most(
        f"memory that {WAITING:,} waiting promotions add",
        _growth(stage, source),
        MOST_GROWTH_MB,
        "MB",
    )


def _look(stage: Stage) -> None:
    """Log a browser in, and have it shown pages."""
    with httpx.Client(base_url=stage.url) as browser:
        browser.post("/login", data={"code": stage.ask("login:code")["code"]})
        cookies = browser.cookies
    for _ in range(VISITS):
        with httpx.Client(base_url=stage.url, cookies=cookies, timeout=30) as browser:
            for path in PAGES:
                page = browser.get(path)
                assert page.status_code == HTTPStatus.OK, page.text
                assert "Log out" in page.text, path


def _growth(stage: Stage, source: str) -> float:
    """Plant promotions that wait; return by how many MB looks and steps beside them grow."""
    before = sum(one.resident for one in processes(stage))
    sql(stage, PLANT, WAITING)
    for _ in range(LOOKS):
        stage.heroku(f"apps/{source}/deploys", {})
        stage.heroku("flush", {})
    wait_for(lambda: _are_settled(stage), "the looks")
    return sum(one.resident for one in processes(stage)) - before


def _are_settled(stage: Stage) -> bool:
    return not sql(stage, "SELECT 1 FROM delivery WHERE settled_at IS NULL LIMIT 1")


def _on_disk(stage: Stage) -> Figure:
    """Return how many kB of disk a delivery takes, indexes included, while it is undecided."""
    source, _ = ship(stage, "disk")
    stage.heroku(f"apps/{source}/deploys", {})
    stage.heroku("flush", {})
    one = replace(door.job_of(stage, source), most=DELIVERIES, seconds=PATIENCE_SECONDS)
    statuses = run(one, built(one)).statuses
    assert set(statuses) == {"204"}, statuses
    sql(stage, "VACUUM delivery")
    ((size, rows),) = sql(
        stage, "SELECT pg_total_relation_size('delivery'), count(*) FROM delivery"
    )
    return at_most(
        "a delivery on disk while undecided, indexes included", size / rows / 1000, MOST_KB, "kB"
    )


def processes(stage: Stage) -> list[Memory]:
    """Return the listener's processes, the one that was started first."""
    first = stage.listener.pid
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,pgid="], capture_output=True, text=True, check=True
    )
    rows = ([int(word) for word in line.split()] for line in listed.stdout.splitlines())
    others = [pid for pid, group in rows if group == first and pid != first]
    return [_memory(pid) for pid in (first, *others)]


def _memory(pid: int) -> Memory:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return Memory(kilobytes["Rss"] / 1024, kilobytes["Pss"] / 1024)
