"""After a hold for somebody else's release: what was made before it waits for a person's word."""

from __future__ import annotations

import pytest

from listener.core.promotion import Status
from tests.leaping import Leaping
from tests.worker import wire
from tests.worker.emulated import PROD
from tests.worker.stage import Stage


@pytest.fixture
def overtaken(stage: Stage, heroku_clock: Leaping) -> Stage:
    """A deploy soaks on staging; somebody pushes a hotfix to production, and it is held."""
    stage.change_rule(conditions={"soak": "10m"})
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.WAITING
    heroku_clock.leap()
    stage.hotfix()
    stage.reconcile()
    assert [hold.kind for hold in stage.held()] == ["detected"]
    stage.shift(stage.seconds(600))
    return stage


def test_it_waits_for_a_word_once_the_hold_is_released(overtaken: Stage) -> None:
    (waiting,) = overtaken.promotions()
    overtaken.release_hold()
    overtaken.work()
    assert len(overtaken.told("approval")) == 1
    for _ in range(3):
        overtaken.age(hours=2)

    row = overtaken.promotion(waiting.version)
    assert row.status is Status.WAITING
    assert "was made before bo@example.com released v4 on acme-prod (hold 1)" in row.reason
    assert overtaken.posts_sent() == 0
    assert f"promotions:approve {row.id}" in overtaken.told("approval")[0]


def test_a_persons_word_lets_it_go(overtaken: Stage) -> None:
    (waiting,) = overtaken.promotions()
    overtaken.release_hold()
    overtaken.work()
    overtaken.approve(waiting.version, "cy@example.com")
    overtaken.age(seconds=10)
    assert overtaken.promotion(waiting.version).status is Status.SUCCEEDED


def test_the_word_may_be_given_while_heroku_cannot_be_read(overtaken: Stage) -> None:
    (waiting,) = overtaken.promotions()
    overtaken.release_hold()
    overtaken.age(seconds=10)
    overtaken.wire.put(wire.answers(503, applied=False), method="GET", times=50)
    overtaken.look_only()
    with overtaken.database.begin() as conn:
        conn.exec_driver_sql("UPDATE promotion SET due_at = now(), evaluated_at = NULL")
    overtaken.age(seconds=1)
    assert "could not be read" in overtaken.promotion(waiting.version).reason
    overtaken.approve(waiting.version, "cy@example.com")
    overtaken.wire.troubles.clear()
    overtaken.age(minutes=6)
    assert overtaken.promotion(waiting.version).status is Status.SUCCEEDED


def test_a_persons_no_ends_it(overtaken: Stage) -> None:
    (waiting,) = overtaken.promotions()
    overtaken.release_hold()
    overtaken.work()
    overtaken.reject(waiting.version, "cy@example.com")
    overtaken.age(seconds=10)
    assert overtaken.promotion(waiting.version).status is Status.REJECTED


def test_what_was_deployed_after_the_hotfix_goes_by_itself(overtaken: Stage) -> None:
    (older,) = overtaken.promotions()
    overtaken.change_rule(conditions={"soak": None})
    newer = overtaken.deploy()
    overtaken.look()
    overtaken.release_hold()
    overtaken.work()

    assert overtaken.promotion(newer).status is Status.SUCCEEDED
    assert overtaken.promotion(older.version).status is Status.SUPERSEDED


def test_promoting_by_hand_after_the_release_is_the_word(overtaken: Stage) -> None:
    (waiting,) = overtaken.promotions()
    overtaken.change_rule(conditions={"soak": None})
    overtaken.cancel(waiting)
    overtaken.release_hold()
    overtaken.promote(waiting.version)
    overtaken.age(seconds=10)
    assert overtaken.promotion(waiting.version).status is Status.SUCCEEDED


def test_a_hold_that_a_person_put_asks_for_no_word(stage: Stage) -> None:
    stage.put_hold()
    version = stage.deploy()
    stage.look()
    stage.release_hold(PROD)
    stage.age(seconds=10)
    assert stage.promotion(version).status is Status.SUCCEEDED


def test_a_rollback_that_is_undone_during_a_hold_is_the_last_word_on_it(
    stage: Stage, heroku_clock: Leaping
) -> None:
    """Forward by hand, back, and forward to the same again: the last of these counts."""
    stage.put_hold()
    ran, forward = stage.current(PROD), stage.deploy()
    stage.promote_by_dashboard(PROD, forward)
    promoted = stage.current(PROD)
    stage.roll_back(PROD, ran)
    stage.reconcile()
    assert "detected" in [hold.kind for hold in stage.held()]

    heroku_clock.leap()
    between = stage.deploy()
    heroku_clock.leap()
    stage.roll_back(PROD, promoted)
    stage.reconcile()
    stage.release_hold()
    stage.age(seconds=10)
    assert f"released v{stage.current(PROD)} on {PROD}" in stage.promotion(between).reason
    assert stage.posts_sent() == 0
