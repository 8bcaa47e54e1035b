"""When a person moved the target, automation stands still until a person says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from listener.core.drift import LastKnown
from listener.core.promotion import Status
from listener.db.tables import app
from tests.worker import wire
from tests.worker.emulated import PROD, STAGING
from tests.worker.stage import Stage


def known(stage: Stage) -> LastKnown | None:
    """What production runs with our knowledge."""
    return stage.app(PROD).known


# Detected.


@pytest.mark.parametrize("how", ["rollback", "hotfix", "older"])
def test_whoever_moves_the_target_puts_a_hold_that_names_the_release(
    stage: Stage, how: str
) -> None:
    first = stage.current(STAGING)
    before = stage.current()
    version = stage.deploy()
    stage.look()
    moves: dict[str, Callable[[], int]] = {
        "rollback": lambda: stage.roll_back(PROD, before),
        "hotfix": stage.hotfix,
        "older": lambda: stage.promote_by_dashboard(PROD, first),
    }
    moved = moves[how]()
    stage.reconcile()

    (hold,) = stage.held()
    words = stage.release(PROD, moved)["description"]
    assert (hold.kind, hold.by) == ("detected", "autopromote")
    assert f"bo@example.com released v{moved} “{words}” on {PROD}" in hold.reason
    assert known(stage) == LastKnown(moved - 1, stage.slug_of(STAGING, version))


def test_the_earliest_release_that_changed_the_artifact_is_named(stage: Stage) -> None:
    stage.configure(PROD)
    hotfix = stage.hotfix()
    stage.configure(PROD)
    stage.hotfix()
    stage.reconcile()

    assert f"released v{hotfix} “Hotfix”" in stage.held()[0].reason


def test_a_rollback_of_what_went_forward_by_hand_unseen_is_held(stage: Stage) -> None:
    before = stage.current()
    forward = stage.promote_by_dashboard(PROD, stage.deploy())
    back = stage.roll_back(PROD, before)
    version = stage.deploy()
    stage.look()

    (hold,) = stage.held()
    assert f"bo@example.com released v{forward} “" in hold.reason
    assert hold.reason.endswith(f"It runs v{back} by now, with other code.")
    assert stage.promotion(version).status is Status.WAITING
    assert stage.posts() == []


def test_a_hold_is_put_once_however_often_the_target_is_read(stage: Stage) -> None:
    stage.hotfix()
    for _ in range(3):
        stage.reconcile()
        stage.shift(stage.seconds(360))

    assert len(stage.held()) == 1
    assert stage.notices() == [f"{PROD} is on hold"]


def test_a_config_or_add_on_release_moves_the_version_that_is_known(stage: Stage) -> None:
    artifact = stage.slug_of(PROD, stage.current())
    stage.configure(PROD)
    stage.control(f"apps/{PROD}/addons", {"plan": "heroku-redis:mini"})
    stage.reconcile()

    assert known(stage) == LastKnown(stage.current(), artifact)
    assert stage.held() == []


@pytest.mark.parametrize("status", ["failed", None])
def test_pending_and_failed_releases_change_nothing(stage: Stage, status: str | None) -> None:
    before = known(stage)
    stage.phase(PROD)
    version = stage.hotfix()
    if status is not None:
        stage.finish(PROD, version, status)
    stage.reconcile()

    assert stage.held() == []
    assert known(stage) == before


def test_an_evaluation_finds_it_and_nothing_is_sent(stage: Stage) -> None:
    hotfix = stage.hotfix()
    version = stage.deploy()
    stage.look()

    assert stage.promotion(version).status is Status.WAITING
    assert "on hold" in stage.promotion(version).reason
    assert (stage.current(), stage.posts_sent()) == (hotfix, 0)


def test_a_target_that_no_armed_rule_names_is_not_guarded(bare: Stage) -> None:
    bare.add_rule(mode="shadow")
    bare.hotfix()
    bare.reconcile()
    assert bare.held() == []


def test_the_source_is_read_before_anybody_is_said_to_have_moved_the_target(stage: Stage) -> None:
    """The new artifact may be a deploy so young that we had not seen it."""
    version = stage.deploy()
    stage.promote_by_dashboard(PROD, version)
    with stage.database.begin() as conn:
        values = {"must_read": True, "look_at": app.c.created_at}
        conn.execute(app.update().where(app.c.name == PROD).values(values))
    stage.work()

    assert stage.held() == []


def test_while_the_source_cannot_be_read_nobody_is_said_to_have_moved_the_target(
    stage: Stage,
) -> None:
    path = f"/apps/{stage.app(STAGING).id}/releases"
    stage.hotfix()
    stage.wire.put(wire.answers(503, applied=False), method="GET", path=path, times=500)
    stage.reconcile()
    assert stage.held() == []

    stage.wire.troubles.clear()
    stage.age(minutes=6)
    assert len(stage.held()) == 1


# One exception: somebody promoted forward.


def test_a_promotion_forward_by_hand_is_adopted_without_a_hold(stage: Stage) -> None:
    version = stage.deploy()
    moved = stage.promote_by_dashboard(PROD, version)
    stage.reconcile()

    assert stage.held() == []
    assert known(stage) == LastKnown(moved, stage.slug_of(STAGING, version))
    assert stage.promotion(version).status is Status.SKIPPED


def test_after_a_promotion_forward_the_newer_candidate_goes_on(stage: Stage) -> None:
    first = stage.deploy()
    second = stage.deploy()
    stage.promote_by_dashboard(PROD, first)
    stage.look()

    assert stage.promotion(second).status is Status.SUCCEEDED
    assert stage.runs(second)
    assert stage.held() == []


# Another installation, and ourselves.


def test_the_nonce_of_another_installation_puts_a_hold_and_says_so(stage: Stage) -> None:
    version = stage.deploy()
    slug = stage.slug_of(STAGING, version)
    words = f"Promote {STAGING} v{version} (autopromote 0123abcd)"
    stage.deploy(PROD, slug_id=slug, description=words)
    stage.reconcile()

    assert "Another autopromote installation" in stage.held()[0].reason


def test_after_transactions_were_lost_the_hold_says_that_it_may_have_been_us(stage: Stage) -> None:
    with stage.database.begin() as conn:
        known = conn.exec_driver_sql(
            "SELECT id, known_version, known_artifact FROM app WHERE name = %s", (PROD,)
        ).one()
    stage.deploy()
    stage.look()
    with stage.database.begin() as conn:  # a failover to a copy that had not got them
        conn.exec_driver_sql("DELETE FROM notice; DELETE FROM promotion_event; DELETE FROM post")
        conn.exec_driver_sql("DELETE FROM shipment")
        conn.exec_driver_sql("DELETE FROM promotion")
        conn.exec_driver_sql("DELETE FROM release WHERE version > 2")
        conn.exec_driver_sql(
            "UPDATE app SET known_version = %s, known_artifact = %s WHERE id = %s",
            (known.known_version, known.known_artifact, known.id),
        )
    stage.reconcile()

    [hold] = stage.held()
    assert hold.reason.startswith("Another autopromote installation (robot@example.com) released v")
    assert hold.reason.endswith(
        "no promotion of ours did. Or this installation did, and its database lost its last"
        " transactions, as in a failover."
    )


def test_a_retry_that_quotes_our_nonce_is_a_persons_doing_and_moves_nothing(stage: Stage) -> None:
    stage.deploy()
    stage.look()
    stage.control(f"apps/{PROD}/retries", {"release": stage.current(), "user": "bo@example.com"})
    stage.reconcile()

    assert stage.held() == []
