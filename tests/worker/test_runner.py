"""The runner's threads: awake within milliseconds, asleep otherwise, and never broken for good."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import Connection
from typing_extensions import override

from listener.core.promotion import Status
from listener.db import apps, notifications, queue
from listener.db.engine import Database
from listener.db.watchdog import Watched
from listener.worker import queues
from listener.worker.runner import Runners, start_runners
from tests.worker import wire
from tests.worker.emulated import PROD, STAGING
from tests.worker.stage import Stage

PATIENCE = 60.0


@contextmanager
def running(stage: Stage, promoting: int = 1) -> Iterator[Runners]:
    """Threads at work."""
    runners = start_runners(stage.context, promoting=promoting)
    try:
        yield runners
    finally:
        assert runners.stop(PATIENCE)


def wait_for(stage: Stage, condition: Callable[[], bool]) -> None:
    """Wait until a commit made it true; every commit that matters is notified."""
    with stage.database.listen("autopromote") as connection:
        ends_at = time.monotonic() + PATIENCE
        while time.monotonic() < ends_at:
            if condition():
                return
            list(connection.notifies(timeout=0.05, stop_after=1))
    raise AssertionError(f"in vain: {stage.promotions()}")


def test_a_delivery_is_promoted_by_the_threads_alone(stage: Stage) -> None:
    with running(stage):
        version = stage.deploy()
        stage.tell(version)
        wait_for(stage, lambda: stage.statuses() == [Status.SUCCEEDED])
    assert stage.times_released(version) == 1


def test_what_comes_due_by_time_waits_for_no_backlog_of_others(bare: Stage) -> None:
    """Thousands of notices are being told when a soak ends, of which no NOTIFY tells."""
    bare.add_rule(conditions={"soak": "1h"})
    version = bare.deploy()
    bare.look()
    assert bare.promotion(version).status is Status.WAITING
    with bare.database.begin() as conn:
        conn.exec_driver_sql("UPDATE chore SET due_at = NULL")
        conn.exec_driver_sql(
            "INSERT INTO notice (kind, title, body, due_at)"
            " SELECT 'held', 'a hold', 'is told', now() FROM generate_series(1, 2000)"
        )
    with running(bare):
        await_many_told(bare)
        with bare.database.begin() as conn:  # nothing else: who tells notices may not have to wait
            conn.exec_driver_sql(
                "UPDATE promotion SET soaks_from = now() - interval '1 hour', due_at = now()"
            )
        wait_for(bare, lambda: bare.promotion(version).status is Status.SUCCEEDED)
        assert untold(bare) > 0


def await_many_told(stage: Stage) -> None:
    """Wait until many notices were told: by then nothing else is due any more."""
    count = untold(stage)
    for _ in range(int(PATIENCE / 0.01)):
        if untold(stage) < count - 100:
            return
        time.sleep(0.01)  # a notice that is told is notified to nobody
    raise AssertionError("in vain")


def untold(stage: Stage) -> int:
    """The number of holds that are still to be told."""
    with stage.database.begin() as conn:
        count = "SELECT count(*) FROM notice WHERE kind = 'held' AND due_at IS NOT NULL"
        return int(conn.exec_driver_sql(count).scalar_one())


def test_starting_begins_with_a_reconcile(stage: Stage) -> None:
    version = stage.deploy()
    with running(stage, promoting=2):
        wait_for(stage, lambda: stage.statuses() == [Status.SUCCEEDED])
    assert stage.promotion(version).found_by == "reconcile"


def test_stopping_finishes_the_step_at_hand_and_claims_nothing_more(stage: Stage) -> None:
    in_post, go_on = threading.Event(), threading.Event()

    def slowly() -> None:
        in_post.set()
        assert go_on.wait(PATIENCE)

    stage.wire.put(wire.before(slowly))
    version = stage.deploy()
    stage.tell(version)
    runners = start_runners(stage.context, promoting=1)
    assert in_post.wait(PATIENCE)
    assert not runners.stop(0.05)
    go_on.set()
    assert runners.stop(PATIENCE)

    assert stage.promotion(version).status is Status.SUCCEEDED


def test_without_runner_threads_nothing_is_started(stage: Stage) -> None:
    runners = start_runners(stage.context, promoting=0)
    assert ours() == set()
    assert runners.stop(0)


def test_a_step_that_breaks_is_put_off_and_ends_no_thread(stage: Stage) -> None:
    def break_it() -> None:
        raise ValueError("a bug of ours")

    path = f"/apps/{stage.app(PROD).id}/releases"
    stage.wire.put(wire.before(break_it), method="GET", path=path)
    version = stage.deploy()
    stage.tell(version, status=None)
    with running(stage):
        wait_for(stage, lambda: [row.attempt for row in stage.promotions()] == [1])
        wait_for(stage, lambda: stage.leases() == 0)
        assert stage.promotion_due_in(version) > 0
        stage.shift(stage.seconds(6))
        with stage.database.begin() as conn:
            apps.ask_look(conn, stage.app(PROD).id)
        wait_for(stage, lambda: stage.statuses() == [Status.SUCCEEDED])
    assert stage.times_released(version) == 1


def has_tried(stage: Stage, times: int) -> bool:
    """The one promotion was claimed so often, and is handed back."""
    return [row.attempt >= times for row in stage.promotions()] == [True] and stage.leases() == 0


def test_a_step_that_breaks_three_times_is_told_once_and_once_when_it_does_not(
    stage: Stage,
) -> None:
    def break_it() -> None:
        raise ValueError("hush: a bug of ours")

    path = f"/apps/{stage.app(PROD).id}/releases"
    stage.wire.put(wire.before(break_it), method="GET", path=path, times=200)
    version = stage.deploy()
    stage.tell(version, status=None)  # so that the look leaves the target alone
    with running(stage):
        for times in range(1, 6):
            wait_for(stage, partial(has_tried, stage, times))
            if times == 1:
                assert stage.notices() == []
            stage.shift(stage.seconds(301))
            with stage.database.begin() as conn:
                apps.ask_look(conn, stage.app(STAGING).id)
        stage.wire.troubles.clear()
        stage.shift(stage.seconds(301))
        with stage.database.begin() as conn:
            apps.ask_look(conn, stage.app(STAGING).id)
        wait_for(stage, lambda: stage.statuses() == [Status.SUCCEEDED])
        wait_for(stage, lambda: len(stage.notices()) == 3)

    assert sorted(stage.notices()) == [
        "Over: The listener breaks",
        f"Promotion 1 of {STAGING} v{version} to {PROD} succeeded",
        "The listener breaks",
    ]
    [body] = stage.told("trouble")
    assert "broke: ValueError." in body
    assert "hush" not in body
    assert "step_broken" in body


def test_a_notice_that_breaks_is_told_by_another(stage: Stage) -> None:
    def has_tried(times: int) -> bool:
        query = "SELECT attempt FROM notice WHERE kind = 'held' AND lease_until IS NULL"
        with stage.database.begin() as conn:
            return conn.exec_driver_sql(query).scalar_one_or_none() == times

    with stage.database.begin() as conn:
        notifications.add(conn, "held", title="a hold", body="is told")
        conn.exec_driver_sql("UPDATE notice SET reached = '7'")  # no list, which nobody thought of
    with running(stage):
        for times in range(1, 4):
            wait_for(stage, partial(has_tried, times))
            stage.shift(stage.seconds(301))
        wait_for(stage, lambda: stage.notices()[1:] == ["The listener breaks"])
    assert stage.told("trouble")[0].startswith("Work on notice ")


def test_a_claim_that_breaks_ends_no_thread(stage: Stage) -> None:
    """The database is gone for a moment, or something nobody thought of happens."""
    context = replace(stage.context, database=Moody(stage.database))
    version = stage.deploy()
    stage.tell(version)
    runners = start_runners(context, promoting=1)
    try:
        wait_for(stage, lambda: stage.statuses() == [Status.SUCCEEDED])
    finally:
        assert runners.stop(PATIENCE)
    assert stage.times_released(version) == 1


class Moody(Database):
    """A database with two bad moments."""

    def __init__(self, database: Database) -> None:
        self._inner = database
        self._bad: list[Exception] = [TimeoutError("odd"), ValueError("odder")]
        self._calls = 0

    @override
    def uncached(self) -> Database:
        return self

    @override
    def begin(self) -> AbstractContextManager[Connection]:
        self._be_bad()
        return self._inner.begin()

    def _be_bad(self) -> None:
        self._calls += 1
        if self._calls in (3, 5):
            raise self._bad.pop()

    @override
    def lend(self) -> AbstractContextManager[Connection]:
        self._be_bad()
        return self._inner.lend()

    @override
    def listen(self, channel: str) -> Watched:
        return self._inner.listen(channel)


def test_work_of_others_keeps_no_thread_awake(stage: Stage) -> None:
    """A notice that is due is none of a promoting thread's business."""
    with stage.database.begin() as conn:
        notifications.add(conn, "held", title="a hold", body="is told")
        conn.exec_driver_sql("UPDATE chore SET due_at = NULL")
        promoting = [queue.kind for queue in queues.PROMOTING]
        assert queue.until_next(conn, promoting) is None
        assert queue.until_next(conn, [queues.TELLING[0].kind]) == 0.0


def test_a_status_of_newer_code_is_neither_claimed_nor_waited_for(stage: Stage) -> None:
    stage.put_hold()
    stage.deploy()
    stage.look()
    with stage.database.begin() as conn:
        conn.exec_driver_sql("UPDATE promotion SET status = 'soaking', due_at = now()")
        conn.exec_driver_sql("UPDATE chore SET due_at = NULL")
        conn.exec_driver_sql("UPDATE app SET look_at = NULL")
        assert queue.until_next(conn, [queue.kind for queue in queues.PROMOTING]) is None
        assert queues.PROMOTING[0].claim(conn, "test") is None


@pytest.mark.parametrize("promoting", [1, 2])
def test_every_thread_is_gone_after_the_stop(stage: Stage, promoting: int) -> None:
    with running(stage, promoting):
        runners = {f"runner-{number}" for number in range(promoting)}
        others = {
            "runner-notices",
            "runner-checks",
            "runner-commits",
            "runner-words-0",
            "runner-words-1",
        }
        assert ours() == {"ear", "dispatcher", *others, *runners}
    assert ours() == set()


def ours() -> set[str]:
    """The names of the runner's threads."""
    names = {thread.name for thread in threading.enumerate()}
    return {name for name in names if name in ("ear", "dispatcher") or name.startswith("runner-")}
