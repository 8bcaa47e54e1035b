"""A release of ours on production: followed until its phase ends, whoever else releases there."""

from __future__ import annotations

import pytest

from listener.core.drift import LastKnown
from listener.core.promotion import Status
from tests.worker import wire
from tests.worker.emulated import PROD, STAGING
from tests.worker.stage import Stage

LIST = "/apps/[^/]+/releases"


@pytest.fixture
def releasing(stage: Stage) -> Stage:
    """A promotion whose release phase runs."""
    stage.phase(PROD)
    stage.deploy()
    stage.look()
    assert stage.statuses() == [Status.RELEASING]
    return stage


def ours(stage: Stage) -> int:
    """The version of our release on production."""
    return int(stage.promotions()[0].target_version or 0)


def test_polls_come_each_second_at_first_and_every_fifteen_later(releasing: Stage) -> None:
    assert releasing.is_put_off(1)
    releasing.age(minutes=10)
    assert releasing.is_put_off(15)


def test_a_release_that_succeeds_is_what_the_target_runs_from_then_on(releasing: Stage) -> None:
    version = releasing.promotions()[0].version
    assert releasing.app(PROD).known != LastKnown(
        ours(releasing), releasing.slug_of(STAGING, version)
    )
    releasing.finish(PROD, ours(releasing))
    releasing.age(seconds=2)

    assert releasing.statuses() == [Status.SUCCEEDED]
    assert releasing.app(PROD).known == LastKnown(
        ours(releasing), releasing.slug_of(STAGING, version)
    )


def test_a_failed_release_phase_ends_as_failed_and_is_told(releasing: Stage) -> None:
    releasing.finish(PROD, ours(releasing), "failed")
    releasing.age(seconds=2)

    row = releasing.promotions()[0]
    assert row.status is Status.FAILED
    assert f"heroku releases:output v{ours(releasing)}" in row.reason
    assert releasing.held() == []
    assert len(releasing.notices()) == 1


def test_a_release_pending_for_75_minutes_ends_as_errored_and_puts_a_hold(
    releasing: Stage,
) -> None:
    releasing.age(minutes=74)
    assert releasing.statuses() == [Status.RELEASING]
    releasing.age(minutes=1)

    assert releasing.statuses() == [Status.ERRORED]
    assert len(releasing.held()) == 1


def test_a_list_that_cannot_be_read_changes_nothing_for_75_minutes(releasing: Stage) -> None:
    releasing.wire.put(wire.answers(503, applied=False), method="GET", times=500)
    releasing.age(minutes=70)
    assert releasing.statuses() == [Status.RELEASING]
    releasing.age(minutes=10)

    assert releasing.statuses() == [Status.ERRORED]
    assert len(releasing.held()) == 1


def test_a_list_that_is_read_again_ends_it_well(releasing: Stage) -> None:
    releasing.wire.put(wire.answers(503, applied=False), method="GET", times=500)
    releasing.age(minutes=10)
    releasing.wire.troubles.clear()
    releasing.finish(PROD, ours(releasing))
    releasing.age(minutes=6)

    assert releasing.statuses() == [Status.SUCCEEDED]


def test_a_list_may_lag_behind_the_answer_but_not_for_long(stage: Stage) -> None:
    """The answer said v4; the list does not show it."""

    def without_ours(found: list[dict[str, str]]) -> list[dict[str, str]]:
        return [release for release in found if "autopromote" not in release["description"]]

    stage.phase(PROD)
    stage.deploy()
    stage.look()
    stage.wire.put(wire.edited(without_ours), method="GET", path=LIST, times=100)
    stage.age(minutes=9)
    assert stage.statuses() == [Status.RELEASING]
    stage.age(minutes=2)

    assert stage.statuses() == [Status.ERRORED]
    assert "gone" in stage.held()[0].reason


def test_a_newer_foreign_artifact_finishes_ours_and_puts_a_hold(releasing: Stage) -> None:
    releasing.phase(PROD, none=True)
    hotfix = releasing.hotfix()
    releasing.age(seconds=2)

    row = releasing.promotions()[0]
    assert row.status is Status.ERRORED
    assert f"bo@example.com released v{hotfix} over v{ours(releasing)}" in row.reason
    assert {hold.kind for hold in releasing.held()} == {"guard", "detected"}


def test_a_config_change_meanwhile_that_leaves_the_code_of_before_is_held_and_names_nobody(
    releasing: Stage,
) -> None:
    releasing.phase(PROD, none=True)
    config = releasing.configure(PROD)
    releasing.age(seconds=2)
    assert releasing.statuses() == [Status.RELEASING]
    assert releasing.held() == []
    releasing.finish(PROD, ours(releasing))
    releasing.age(seconds=2)

    assert releasing.statuses() == [Status.SUCCEEDED]
    assert releasing.held() == []
    for _ in range(3):
        releasing.age(seconds=61)
    (hold,) = releasing.held()
    assert hold.kind == "guard"
    assert f"v{config} is shown as what runs" in hold.reason
    assert "ana@example.com" not in hold.reason


def test_a_newer_release_after_ours_succeeded_puts_a_hold(releasing: Stage) -> None:
    releasing.finish(PROD, ours(releasing))
    releasing.phase(PROD, none=True)
    hotfix = releasing.hotfix()
    releasing.age(seconds=2)

    assert releasing.statuses() == [Status.SUCCEEDED]
    (hold,) = releasing.held()
    assert (hold.kind, f"v{hotfix}" in hold.reason) == ("detected", True)


# Somebody releases between our reading of the target and our post.


def test_overtaking_somebody_puts_a_hold_and_names_him(stage: Stage) -> None:
    stage.wire.put(wire.before(stage.hotfix))
    version = stage.deploy()
    stage.look()

    row = stage.promotion(version)
    assert (row.status, row.target_version) == (Status.SUCCEEDED, stage.current())
    (hold,) = stage.held()
    assert f"overtook v{stage.current() - 1} by bo@example.com (“Hotfix”)" in hold.reason
    assert stage.notices()[0] == f"{PROD} is on hold"


def test_overtaking_a_config_change_is_nothing(stage: Stage) -> None:
    stage.wire.put(wire.before(lambda: stage.configure(PROD)))
    version = stage.deploy()
    stage.look()

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert stage.held() == []


def test_overtaking_is_noticed_though_the_list_cannot_be_read_at_first(stage: Stage) -> None:
    def then_down() -> None:
        stage.hotfix()
        stage.wire.put(wire.answers(503, applied=False), method="GET", times=1)

    stage.wire.put(wire.before(then_down))
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.RELEASING
    stage.age(seconds=10)

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert "overtook" in stage.held()[0].reason


def test_overtaking_a_release_whose_phase_runs_puts_a_hold(stage: Stage) -> None:
    stage.phase(PROD)
    stage.wire.put(wire.before(stage.hotfix))
    stage.deploy()
    stage.look()
    stage.finish(PROD, ours(stage))
    stage.age(seconds=2)

    assert stage.statuses() == [Status.SUCCEEDED]
    assert "overtook" in stage.held()[0].reason
