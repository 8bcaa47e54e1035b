"""A delivery that arrives while a look goes over 100,000 promotions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from bench import door
from bench.figures import Figure, Part, at_most, percentile, told
from bench.load import Wire, built
from bench.stages import ship, sql, staged
from demo.stage import Stage

PLANTED = 100_000
MOST_MS = 500.0  # of any answer; who waits for a look waits for seconds
LONGEST_SECONDS = 15.0
BEFORE_SECONDS = 2.0
# Settled promotions of the rule, and as many that wait; only their releases are made up.
PLANT = """
    INSERT INTO promotion (rule_id, rule_revision, source_id, release_id, version, artifact,
      target_id, status, reason, evaluated_at, due_at, status_at, soaks_from, ended_at)
    SELECT rule.id, rule.revision, rule.source_id, gen_random_uuid()::text, rule_target.baseline,
      md5(n::text), rule_target.app_id, CASE WHEN n %% 2 = 0 THEN 'succeeded' ELSE 'waiting' END,
      'Planted.', now(), CASE WHEN n %% 2 = 0 THEN NULL ELSE now() + interval '1 day' END,
      now(), now(), CASE WHEN n %% 2 = 0 THEN now() END
    FROM rule JOIN rule_target ON rule_target.rule_id = rule.id, generate_series(1, %s) AS n
"""
DONE = """
    SELECT FROM (SELECT version FROM promotion ORDER BY id DESC LIMIT 1) AS newest
    WHERE version = %s
"""


def measure() -> Part:
    """Send delivery after delivery, one by one, before and while the look goes on."""
    with staged() as stage:
        source, _ = ship(stage, "look", "--soak", "1d", "--on-newer", "keep")
        stage.heroku(f"apps/{source}/deploys", {})
        stage.heroku("flush", {})
        requests = built(replace(door.job_of(stage, source), most=20_000))
        sql(stage, PLANT, PLANTED)
        sql(stage, "ANALYZE")
        before = list(_answers(stage, requests, time.monotonic() + BEFORE_SECONDS, None))
        version = stage.heroku(f"apps/{source}/deploys", {})["version"]
        begun = time.monotonic()
        meanwhile = list(_answers(stage, requests, begun + LONGEST_SECONDS, version))
        took = time.monotonic() - begun
    return Part(list(_figures(before, meanwhile, took)))


def _figures(before: list[float], meanwhile: list[float], took: float) -> Iterator[Figure]:
    what = f"slowest answer to a delivery while a look goes over {PLANTED:,} promotions"
    yield at_most(what, max(meanwhile), MOST_MS, "ms")
    yield told(
        "their p50, beside that before the look",
        percentile(meanwhile, 0.5),
        "ms",
        percentile(before, 0.5),
    )
    yield told("how long it took until the look's promotion was there", took, "s")


def _answers(
    stage: Stage, requests: Iterator[bytes], until: float, version: int | None
) -> Iterator[float]:
    """Send until the time is over, or the promotion of a version is there; yield ms."""
    wire = Wire(stage.port)
    while time.monotonic() < until:
        wire.send(next(requests))
        while (answer := wire.take()) is None:
            pass
        assert answer[0] == "204", answer
        yield answer[1]
        if version is not None and sql(stage, DONE, version):
            return
