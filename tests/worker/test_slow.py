"""Heroku is slow: what was read must be recent together, or it is an error like others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from listener.core import promotion
from listener.core.promotion import Status
from listener.db import queue
from listener.inventory.context import Clock
from listener.worker import evaluate
from listener.worker.candidates import gather
from listener.worker.handlers import PROMOTIONS
from listener.worker.job import Job
from tests.worker import wire
from tests.worker.accidents import lose
from tests.worker.emulated import PROD, STAGING
from tests.worker.stage import Stage


@pytest.fixture
def long_after_arrival(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was slow to come stays fresh for longer than a busy machine needs to use it."""
    monkeypatch.setattr(promotion, "FRESH_FROM_ARRIVAL", timedelta(minutes=1))


def slow(stage: Stage, app: str, seconds: float = 2.2, **more: Any) -> None:
    """Lists of an app's releases take so long from now on."""
    path = "/apps/[^/]+/releases"
    fault = {"kind": "latency", "method": "GET", "path": path, "app": app, "seconds": seconds}
    stage.control("faults", {**fault, **more})


def lists(stage: Stage) -> list[str]:
    """The apps whose lists were asked for, in that order."""
    names = {stage.app(name).id: name for name in (STAGING, PROD)}
    calls = [call.split("/") for call in stage.wire.take_calls() if call.startswith("GET")]
    return [names[parts[2]] for parts in calls if parts[3:] == ["releases"]]


@pytest.mark.usefixtures("long_after_arrival")
def test_a_target_whose_list_takes_longer_than_facts_are_fresh_is_promoted_to(
    stage: Stage,
) -> None:
    """It never was: read anew each second, 2,160 calls an hour, and told to nobody."""
    slow(stage, PROD)
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.SUCCEEDED
    assert lists(stage) == [STAGING, PROD, STAGING]
    (gate,) = [gate for gate in stage.promotion(version).gates if gate["name"] == "target"]
    assert gate["facts"]["list_took"] >= 2.2


@pytest.mark.usefixtures("long_after_arrival")
def test_the_list_that_was_slow_is_read_first(stage: Stage) -> None:
    slow(stage, PROD)
    stage.put_hold()
    version = stage.deploy()
    stage.look()
    stage.wire.take_calls()
    stage.release_hold()
    stage.wire.take_calls()
    stage.work()
    assert stage.promotion(version).status is Status.SUCCEEDED
    assert lists(stage) == [PROD, STAGING]


def test_where_both_are_slow_they_end_together(stage: Stage) -> None:
    slow(stage, PROD, 2.6)
    slow(stage, STAGING, 1.4)
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.SUCCEEDED


@pytest.mark.parametrize(
    ("since", "status", "due_in"),
    [
        (timedelta(0), Status.WAITING, 5),
        (timedelta(minutes=30), Status.WAITING, 300),
        (timedelta(hours=24), Status.ERRORED, None),
    ],
)
def test_what_got_old_is_an_error_that_is_asked_less_and_less(
    stage: Stage, since: timedelta, status: Status, due_in: int | None
) -> None:
    """It was read anew a second later, without end and without a word to anybody."""
    version = stage.deploy()
    stage.look_only()
    with stage.database.begin() as conn:
        claim = queue.claim(conn, PROMOTIONS, owner="test")
    assert claim is not None
    job = Job(stage.context, claim, Clock(claim.claimed_at))
    gathered = gather(job)
    ago = timedelta(seconds=3)
    old = replace(
        gathered.target,
        started_at=gathered.target.started_at - ago,
        arrived_at=gathered.target.arrived_at - ago,
    )
    row = replace(job.row, errors_since=claim.claimed_at - since if since else None)
    evaluate.decide(job.with_row(row), replace(gathered, target=old))

    after = stage.promotion(version)
    assert (after.status, stage.posts_sent()) == (status, 0)
    assert "got old before it could be used" in after.reason
    assert after.gates[-1]["verdict"] == "error"
    if due_in is not None:
        assert stage.promotion_due_in(version) == pytest.approx(due_in, abs=2)


def test_in_doubt_what_got_old_is_an_error_too(stage: Stage) -> None:
    """A second post waited for facts that were never recent together, each second, for ever."""
    version = lose(stage)
    slow(stage, PROD, 1.2)
    slow(stage, STAGING, 1.2)
    stage.wire.put(wire.lost)
    stage.shift(stage.seconds(61))
    stage.work()
    assert stage.posts_sent() == 1
    assert stage.posts()[-1].sends == 2
    assert stage.promotion(version).status is Status.POSTING
