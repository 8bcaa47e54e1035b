"""Holds that people put and release: nothing is sent meanwhile, and the newest goes afterwards."""

from __future__ import annotations

import pytest

from listener.core.drift import LastKnown
from listener.core.promotion import Status
from listener.inventory.context import Clock
from listener.services.promote import NewOverride, NewPromotions
from listener.worker import create_release
from listener.worker.candidates import gather
from listener.worker.evaluate import evaluate_gates
from listener.worker.job import Job
from listener.worker.queues import PROMOTING
from tests.leaping import Leaping
from tests.worker import wire
from tests.worker.emulated import PROD, STAGING
from tests.worker.stage import Stage


def test_nothing_is_sent_during_a_hold(stage: Stage) -> None:
    stage.put_hold()
    version = stage.deploy()
    stage.look()
    for _ in range(3):
        stage.age(hours=1)

    assert stage.promotion(version).status is Status.WAITING
    assert "launch day" in stage.promotion(version).reason
    assert stage.posts_sent() == 0


def test_waiting_for_a_hold_costs_no_call(stage: Stage) -> None:
    stage.put_hold()
    stage.deploy()
    stage.look()
    stage.wire.take_calls()
    with stage.database.begin() as conn:
        conn.exec_driver_sql("UPDATE app SET look_at = NULL")
        conn.exec_driver_sql("UPDATE chore SET due_at = NULL")
    stage.age(hours=5)

    assert stage.wire.take_calls() == []


def test_releasing_the_hold_lets_the_newest_go_at_once(stage: Stage) -> None:
    stage.put_hold()
    older = stage.deploy()
    stage.look()
    newest = stage.deploy()
    stage.look()
    said = stage.release_hold()
    stage.work()

    assert said == f"v{newest} of {STAGING} goes next to {PROD}."
    assert stage.promotion(newest).status is Status.SUCCEEDED
    assert stage.promotion(older).status is Status.SUPERSEDED
    assert len(stage.ours()) == 1


def test_releasing_a_detected_hold_takes_what_runs_as_explained(
    stage: Stage, heroku_clock: Leaping
) -> None:
    hotfix = stage.hotfix()
    stage.reconcile()
    stage.release_hold()
    assert stage.app(PROD).known == LastKnown(hotfix, stage.slug_of(PROD, hotfix))

    heroku_clock.leap()
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.SUCCEEDED


def test_a_hold_that_ends_by_itself_lets_it_go_then(stage: Stage) -> None:
    with stage.database.begin() as conn:
        now = conn.exec_driver_sql("SELECT now()").scalar_one()
    stage.put_hold(ends_at=now + stage.seconds(3600))
    version = stage.deploy()
    stage.look()
    assert 3500 < stage.promotion_due_in(version) <= 3600
    stage.age(hours=1)

    assert stage.promotion(version).status is Status.SUCCEEDED


def test_a_hold_to_come_stops_nothing_yet(stage: Stage) -> None:
    with stage.database.begin() as conn:
        now = conn.exec_driver_sql("SELECT now()").scalar_one()
    stage.put_hold(starts_at=now + stage.seconds(3600))
    version = stage.deploy()
    stage.look()

    assert stage.promotion(version).status is Status.SUCCEEDED


def test_a_hold_on_every_target_holds_each(stage: Stage) -> None:
    stage.put_hold(None)
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.WAITING
    stage.release_hold(None)
    stage.work()

    assert stage.promotion(version).status is Status.SUCCEEDED


def test_a_hold_put_between_decision_and_post_stops_the_post(stage: Stage) -> None:
    """Put while the target's list was on its way."""
    path = f"/apps/{stage.app(PROD).id}/releases"
    stage.wire.put(wire.before(stage.put_hold), method="GET", path=path)
    version = stage.deploy()
    stage.look()

    assert stage.promotion(version).status is Status.WAITING
    assert stage.posts_sent() == 0


def test_a_hold_put_between_decision_and_post_stops_what_goes_through_an_older_one(
    stage: Stage,
) -> None:
    """An override names the holds that were in force when it was said, and no other."""
    version = stage.deploy()
    stage.put_hold()
    aside = NewOverride(gates=("hold",), reason="it leaks")
    wish = NewPromotions(source=STAGING, targets=(PROD,), version=version, override=aside)
    stage.desk.promote_by_hand(wish, by="ana@example.com")
    path = f"/apps/{stage.app(PROD).id}/releases"
    stage.wire.put(wire.before(stage.put_hold), method="GET", path=path)
    stage.work()
    assert stage.promotion(version).status is Status.WAITING
    assert stage.posts_sent() == 0


@pytest.mark.parametrize("has_override", [False, True])
def test_a_hold_put_after_all_gates_passed_is_read_again_under_the_lock(
    stage: Stage, *, has_override: bool
) -> None:
    """Everything is gathered and says yes; the hold comes before the post is committed."""
    version = stage.deploy()
    aside = None
    if has_override:
        stage.put_hold()
        aside = NewOverride(gates=("hold",), reason="it leaks")
    wish = NewPromotions(source=STAGING, targets=(PROD,), version=version, override=aside)
    stage.desk.promote_by_hand(wish, by="ana@example.com")
    with stage.database.begin() as conn:
        claim = PROMOTING[0].claim(conn, "test")
    assert claim is not None
    job = Job(stage.context, claim, Clock(claim.claimed_at))
    gathered = gather(job)
    assert evaluate_gates(job.row, gathered, job.now()).objection is None
    with stage.database.begin() as conn:
        create_release.check(conn, job, gathered)
    stage.put_hold()
    with (
        pytest.raises(create_release.PreconditionChanged, match="hold"),
        stage.database.begin() as conn,
    ):
        create_release.check(conn, job, gathered)


def test_a_hold_put_while_posting_comes_too_late(stage: Stage) -> None:
    stage.wire.put(wire.before(stage.put_hold))
    version = stage.deploy()
    stage.look()

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert len(stage.held()) == 1
