"""A database host that falls silent while the runners work: they go on with its successor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from listener.core.promotion import Status
from listener.db.engine import open_database
from listener.inventory.context import Context
from listener.inventory.reader import HerokuReader
from listener.worker.runner import start_runners
from tests.db.silence import SilentWay, silent_way
from tests.worker.emulated import PROD
from tests.worker.stage import Stage
from tests.worker.test_runner import PATIENCE, wait_for


@pytest.fixture
def way(stage: Stage) -> Iterator[SilentWay]:
    """A way to the stage's database."""
    with stage.database.begin() as conn:
        url = conn.engine.url.set(drivername="postgresql")
    with silent_way(url.render_as_string(hide_password=False)) as made:
        yield made


@pytest.fixture
def context(stage: Stage, way: SilentWay) -> Iterator[Context]:
    """Tools that reach it by this way alone."""
    far = open_database(way.url, pool_size=6, answer_within=2.0)
    yield replace(stage.context, database=far, reader=HerokuReader(far, stage.context.heroku))
    far.dispose()


def test_work_goes_on_after_a_failover_without_a_reset(
    stage: Stage, way: SilentWay, context: Context
) -> None:
    runners = start_runners(context, promoting=1)
    try:
        first = stage.deploy()
        stage.tell(first)
        wait_for(stage, lambda: stage.statuses() == [Status.SUCCEEDED])
        way.fall_silent()
        second = stage.deploy()
        stage.tell(second)
        wait_for(stage, lambda: stage.statuses() == [Status.SUCCEEDED] * 2)
    finally:
        assert runners.stop(PATIENCE)
    assert stage.runs(second, PROD)
    assert [stage.times_released(version) for version in (first, second)] == [1, 1]
