"""Apps are locked in one order, sources first: whoever needs several never waits in a ring."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, text

from listener.core.promotion import Status
from listener.db import apps, shipments, waiting_promotions
from listener.worker import sync_releases
from listener.worker.candidates import CandidateFacts, gather_at_once
from listener.worker.job import Job
from listener.worker.queues import READING
from tests.worker.emulated import ANA, EU, PROD, STAGING
from tests.worker.shipping import connect, push, read
from tests.worker.stage import Stage

PATIENCE_SECONDS = 60.0


def somebody_waits(stage: Stage) -> bool:
    """Whether a transaction on this database is kept waiting by another."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with stage.database.begin() as conn:
        return bool(conn.execute(query).scalar_one())


def meets_a_look(stage: Stage, act: Callable[[], object]) -> None:
    """A look has locked staging, and goes on to production only when the other one waits."""
    source, target = stage.app(STAGING).id, stage.app(PROD).id
    with ThreadPoolExecutor(1) as pool:
        with stage.database.begin() as conn:
            apps.lock(conn, [source])
            done = pool.submit(act)
            until = time.monotonic() + PATIENCE_SECONDS
            while not somebody_waits(stage):
                assert time.monotonic() < until
                assert not done.done()
            apps.lock(conn, [target])
        done.result()


def test_a_retry_and_a_look_do_not_wait_for_each_other(stage: Stage) -> None:
    """A retry locked the target and then wrote to the source, where a look was."""
    stage.put_hold()
    version = stage.deploy()
    stage.look()
    stage.cancel(stage.promotion(version))
    meets_a_look(stage, lambda: stage.desk.retry(str(stage.promotion(version).id), by=ANA))
    stage.release_hold()
    stage.work()
    assert stage.runs(version)


def test_reconcile_and_a_look_do_not_wait_for_each_other(stage: Stage) -> None:
    """It wrote to the apps in whatever order they lay in the table."""
    with stage.database.begin() as conn:  # so that staging lies behind production there
        conn.exec_driver_sql("UPDATE app SET name = name WHERE name = %s", (STAGING,))
    meets_a_look(stage, stage.reconcile_only)


def test_a_refusal_by_pipeline_and_a_look_do_not_wait_for_each_other(stage: Stage) -> None:
    ids = stage.app(PROD).id, stage.app(STAGING).id

    def forget() -> None:
        with stage.database.begin() as conn:
            apps.lock(conn, ids)
            apps.forget_pipelines(conn, ids)

    meets_a_look(stage, forget)


@pytest.mark.parametrize("chain", [(STAGING, PROD, EU), (EU, PROD, STAGING), (PROD, EU, STAGING)])
def test_the_ends_of_a_chain_are_locked_in_its_order_though_nobody_names_its_middle(
    bare: Stage, chain: tuple[str, str, str]
) -> None:
    first, middle, last = chain
    bare.add_rule("one", source=first, targets=(middle,))
    bare.add_rule("two", source=middle, targets=(last,))
    order = [bare.app(name).id for name in chain]
    with bare.database.begin() as conn:
        assert list(apps.lock(conn, reversed(order))) == order
        assert list(apps.lock(conn, {order[2], order[0]})) == [order[0], order[2]]


def test_who_read_what_ships_and_who_writes_its_promotion_do_not_wait_for_each_other(
    stage: Stage,
) -> None:
    """It stored what was read, and then woke the promotion, which the other one had locked."""
    connect(stage)
    stage.change_rule(conditions={"commit_authors": ["Bo"]})
    version = stage.deploy(commit=push(stage, "Go on")[-1])
    stage.look()
    row = stage.promotion(version)
    assert row.status is Status.WAITING
    stage.shift(stage.seconds(3))

    with ThreadPoolExecutor(1) as pool:
        with stage.database.begin() as conn:
            waiting_promotions.wake(conn, row.id)
            done = pool.submit(stage.step, READING)
            until = time.monotonic() + PATIENCE_SECONDS
            while not somebody_waits(stage):
                assert time.monotonic() < until
                assert not done.done()
            shipments.read_anew(conn, row.id)
        done.result()
    read(stage)
    stage.work()
    assert stage.runs(version)


def test_a_look_at_a_target_that_moved_and_the_end_of_a_freeze_do_not_wait_for_each_other(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It woke what waits of the source, and then an older one that waits for the target."""
    stage.deploy(EU)
    stage.promote(None, PROD, source=EU)
    stage.put_hold()
    stage.work()
    first = stage.deploy()
    stage.tell(first)
    stage.work()
    stage.promote_by_dashboard(PROD, first)
    stage.tell(stage.deploy())
    ended: list[Future[None]] = []

    def end_a_freeze() -> None:
        with stage.database.begin() as conn:
            waiting_promotions.reschedule_target(conn, None)

    def gather(conn: Connection, job: Job) -> CandidateFacts | None:
        ended.append(pool.submit(end_a_freeze))
        until = time.monotonic() + PATIENCE_SECONDS
        while not somebody_waits(stage):
            assert time.monotonic() < until
        return gather_at_once(conn, job)

    monkeypatch.setattr(sync_releases, "gather_at_once", gather)
    with ThreadPoolExecutor(1) as pool:
        stage.work()
    [done] = ended
    done.result()
