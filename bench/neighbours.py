"""What targets that Heroku answers slowly cost all other targets: nothing, if all is well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bench.figures import Figure, Part, at_most, median, told
from bench.stages import APPS, forget_requests, requests, sql, staged
from demo.stage import Stage, wait_for

TARGETS, SLOW = 50, 3
SLOW_SECONDS = 10.0  # each answer about a slow target takes so long
MOST_ADDED_MS = 100.0
_OPEN = """
SELECT 1 FROM promotion WHERE target_id = %s AND ended_at IS NULL UNION ALL
SELECT 1 FROM delivery JOIN app ON app.id = app_id WHERE app.name = %s AND settled_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class _Way:
    source: str
    target: str
    target_id: str


def measure() -> Part:
    """Deploy to each quick source in turn: alone, then while all work for slow targets hangs."""
    with staged() as stage:
        ways = [_way(stage, number) for number in range(TARGETS)]
        slow, quick = ways[:SLOW], ways[SLOW:]
        _to_posts(stage, quick)  # what is loaded at the first of its kind is not measured
        alone = _to_posts(stage, quick)
        for way in slow:
            fault = {"kind": "latency", "app": way.target, "applied": True}
            stage.heroku("faults", {**fault, "seconds": SLOW_SECONDS})
        for way in slow:
            stage.heroku(f"apps/{way.source}/deploys", {})
        beside = _to_posts(stage, quick)
        assert all(not _is_at_rest(stage, way) for way in slow), "nobody was slow"
    return Part(list(_figures(alone, beside)))


def _figures(alone: list[float], beside: list[float]) -> Iterator[Figure]:
    what = f"release → POST, {SLOW} of {TARGETS} targets take {SLOW_SECONDS:.0f} s an answer"
    yield told(f"{what} (peer: none does)", median(beside), "ms", median(alone))
    added = median(beside) - median(alone)
    yield at_most("what the slow ones add for one of the others", added, MOST_ADDED_MS, "ms")
    added = max(beside) - max(alone)
    yield at_most("what they add to the slowest of them", added, MOST_ADDED_MS, "ms")


def _way(stage: Stage, number: int) -> _Way:
    source, target = f"near-{number}-staging", f"near-{number}"
    ids = []
    for name in (source, target):
        ids.append(stage.heroku("apps", {"name": name, **APPS})["id"])
        stage.heroku(f"apps/{name}/history", {"releases": 1})
    stage.ask("webhooks:add", "--app", source)
    stage.ask("rules:add", f"near-{number}", "--from", source, "--to", target)
    return _Way(source, target, ids[1])


def _to_posts(stage: Stage, ways: list[_Way]) -> list[float]:
    """Deploy to one source after the other; return the milliseconds from release to POST."""
    return [_to_post(stage, way) for way in ways]


def _to_post(stage: Stage, way: _Way) -> float:
    forget_requests(stage)
    released_at = datetime.now(UTC)  # Heroku tells whole seconds
    stage.heroku(f"apps/{way.source}/deploys", {})
    post = wait_for(partial(_post, stage, way), "the POST")
    stage.heroku("flush", {})  # the second event of the release, too
    wait_for(partial(_is_at_rest, stage, way), "what follows the POST")
    return (datetime.fromisoformat(post["arrived_at"]) - released_at).total_seconds() * 1000


def _post(stage: Stage, way: _Way) -> Any:
    path = f"/apps/{way.target_id}/releases"
    sent = (one for one in requests(stage) if one["method"] == "POST" and one["path"] == path)
    return next(sent, None)


def _is_at_rest(stage: Stage, way: _Way) -> bool:
    return not sql(stage, _OPEN, way.target_id, way.source)
