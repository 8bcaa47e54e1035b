"""What is settled costs nothing: a promotion reads as many rows, whatever has happened before."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from listener.core.promotion import Status
from tests.db.reading import rows_read
from tests.worker.emulated import PROD, STAGING
from tests.worker.stage import Stage

# One breath reads some hundred rows: the newest releases of both apps, and what hangs on them.
MOST_READ = 2000
MOST_CARRIED = 40

# Old releases have versions below all that Heroku shows: its list is not read that far back.
PLANT = """
INSERT INTO release (app_id, version, id, status, artifact, created_at, is_decided)
SELECT app.id, -number, app.name || ' ' || number, 'succeeded', 'slug ' || number, now(), true
FROM generate_series(1, {many}) AS number, app WHERE app.name IN ('{source}', '{target}');

INSERT INTO promotion (rule_id, rule_revision, source_id, release_id, version, artifact, target_id,
  target_release_id, target_version, status, evaluated_at, ended_at)
SELECT rule.id, 1, source.id, source.name || ' ' || number, -number, 'slug ' || number, target.id,
  target.name || ' ' || number, -number, 'succeeded', now(), now() - interval '40 days'
FROM generate_series(1, {many}) AS number, rule, app AS source, app AS target
WHERE source.name = '{source}' AND target.name = '{target}';

INSERT INTO post (promotion_id, target_id, kind, nonce, artifact, base_version, sent_at, outcome,
  release_id, release_version)
SELECT id, target_id, 'promote', lpad(to_hex(id), 8, '0'), artifact, version, ended_at, 'accepted',
  target_release_id, target_version
FROM promotion WHERE status = 'succeeded' AND version < 0;

INSERT INTO delivery (key, app_id, resource, release_id, version, body, outcome, settled_at)
SELECT 'old ' || id, source_id, 'release', release_id, version, 'sealed', 'a deploy', now()
FROM promotion WHERE version < 0;

ANALYZE
"""

# Like the newest one, and it waits for a day.
WAIT = """
INSERT INTO promotion (rule_id, rule_revision, source_id, release_id, version, artifact, target_id,
  status, evaluated_at, due_at)
SELECT rule_id, rule_revision, source_id, release_id || number, version, artifact, target_id,
  'waiting', now(), now() + interval '1 day'
FROM promotion, generate_series(1, 60) AS number
"""


def plant(stage: Stage, many: int) -> None:
    """Have so many releases been promoted, long ago."""
    with stage.database.begin() as conn:
        conn.exec_driver_sql(PLANT.format(many=many, source=STAGING, target=PROD))


@pytest.mark.parametrize("wish", [{}, {"conditions": {"soak": "1h", "approvals": 1}}])
def test_a_promotion_reads_no_more_rows_where_ten_thousand_are_settled(
    stage: Stage, wish: dict[str, Any]
) -> None:
    stage.change_rule(**wish)
    stage.tell(stage.deploy(), status="succeeded")
    stage.work()
    plant(stage, 10_000)

    before = rows_read(stage.database)
    version = stage.deploy()
    stage.tell(version, status="succeeded", event="new")
    stage.work()
    after = rows_read(stage.database)

    status = Status.WAITING if wish else Status.SUCCEEDED
    assert stage.promotion(version).status is status
    read = {name: after[name] - before[name] for name in after if after[name] > before[name]}
    assert sum(read.values()) < MOST_READ, read
    assert read["release"] > 0  # it counts at all


@pytest.mark.parametrize("on_newer", ["keep", "supersede"])
def test_a_promotion_carries_no_more_rows_to_us_where_many_wait(
    stage: Stage, on_newer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are locked, and woken as it ends, all within the database."""
    stage.change_rule(on_newer=on_newer)
    stage.deploy()
    stage.look()
    stage.work()
    with stage.database.begin() as conn:
        conn.exec_driver_sql(WAIT)

    carried: dict[str, int] = {}
    execute = psycopg.Cursor.execute

    def counted(cursor: Any, query: Any, *args: Any, **more: Any) -> Any:
        done = execute(cursor, query, *args, **more)
        if cursor.description is not None:
            carried[str(query)] = max(cursor.rowcount, carried.get(str(query), 0))
        return done

    version = stage.deploy()
    stage.look_only()
    while stage.promotion(version).status is not Status.SUCCEEDED:
        with monkeypatch.context() as patched:
            patched.setattr(psycopg.Cursor, "execute", counted)
            assert stage.step()
    assert {query: rows for query, rows in carried.items() if rows > MOST_CARRIED} == {}
    assert max(carried.values()) > 1  # it counts at all


PLANTED = {"release", "promotion", "post", "delivery"}
PREPARED = """
SELECT name, statement, cardinality(parameter_types) AS many FROM pg_prepared_statements
"""


def test_no_plan_reads_a_table_that_grows(stage: Stage) -> None:
    """Plans are made for any values, so none can be better than they tell."""
    stage.database.dispose()  # connections that know what other tests said
    stage.tell(stage.deploy(), status="succeeded")
    stage.work()
    plant(stage, 10_000)
    for number in range(2):
        stage.tell(stage.deploy(), status="succeeded", event=str(number))
        stage.work()

    with stage.database.begin() as conn:
        prepared = conn.exec_driver_sql(PREPARED).all()
        plans = {row.statement: _plan(conn, row.name, row.many) for row in prepared}
    assert [each for each, plan in plans.items() if _read_whole(plan) & PLANTED] == []
    assert len(plans) > 40  # they are those of the way to a post


def _plan(conn: Connection, name: str, values: int) -> Any:
    given = f"({', '.join(['NULL'] * values)})" if values else ""
    try:
        with conn.begin_nested():
            found = conn.exec_driver_sql(f'EXPLAIN (FORMAT JSON) EXECUTE "{name}"{given}')
            return found.scalar_one()
    except DBAPIError:  # what is no query has no plan
        return []


def _read_whole(plan: Any) -> set[str]:
    """The tables that a plan reads from end to end."""
    if isinstance(plan, list):
        return {name for each in plan for name in _read_whole(each)}
    if not isinstance(plan, dict):
        return set()
    found = {name for each in plan.values() for name in _read_whole(each)}
    return found | ({plan["Relation Name"]} if plan.get("Node Type") == "Seq Scan" else set())
