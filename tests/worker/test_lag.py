"""Heroku's answers lag: the latest answer is not the latest truth."""

from __future__ import annotations

from typing import Any

import pytest

from listener.core.promotion import Status
from tests.worker import wire
from tests.worker.accidents import lose
from tests.worker.emulated import PROD, STAGING
from tests.worker.stage import Stage


def soaking(bare: Stage) -> int:
    """A deploy that soaks; answers its version."""
    bare.add_rule(conditions={"soak": "10m"})
    version = bare.deploy()
    bare.look()
    assert bare.promotion(version).status is Status.WAITING
    return version


def known_to_prod(stage: Stage) -> int:
    """A deploy that production runs."""
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.SUCCEEDED
    return version


def before(found: list[dict[str, Any]], version: int) -> list[dict[str, Any]]:
    """The list as it was before this version was there."""
    shown = [release for release in found if release["version"] < version]
    newest = max(release["version"] for release in shown)
    return [{**release, "current": release["version"] == newest} for release in shown]


def late_current(found: list[dict[str, Any]], version: int) -> list[dict[str, Any]]:
    """The list of now, in which what ran before this version is still marked as current."""
    return [{**release, "current": release["version"] == version - 1} for release in found]


@pytest.mark.parametrize("old", [before, late_current])
def test_an_old_answer_about_the_source_loses_no_deploy_that_soaks(bare: Stage, old: Any) -> None:
    """One lagging answer ended it as superseded: the source ran newer code by now, in v3."""
    version = soaking(bare)
    path = f"/apps/{bare.app(STAGING).id}/releases"
    bare.wire.put(wire.edited(lambda found: old(found, version)), method="GET", path=path)
    bare.age(minutes=11)

    row = bare.promotion(version)
    assert row.status is Status.WAITING
    assert row.reason.startswith(f"Looking again: {STAGING} shows ")
    bare.age(seconds=6)
    assert bare.promotion(version).status is Status.SUCCEEDED
    assert bare.runs(version)


@pytest.mark.parametrize("old", [before, late_current])
def test_an_old_answer_about_the_target_puts_no_hold(stage: Stage, old: Any) -> None:
    known_to_prod(stage)
    path = f"/apps/{stage.app(PROD).id}/releases"
    ran = stage.current()
    stage.reconcile()
    stage.wire.put(wire.edited(lambda found: old(found, ran)), method="GET", path=path, times=3)
    version = stage.deploy()
    stage.look()
    assert stage.held() == []
    assert stage.promotion(version).status is Status.WAITING
    stage.wire.troubles.clear()
    stage.age(seconds=6)
    assert stage.promotion(version).status is Status.SUCCEEDED


@pytest.mark.parametrize("of", ["list", "current"])
def test_a_look_takes_nothing_from_an_old_copy_and_looks_again(stage: Stage, of: str) -> None:
    version = known_to_prod(stage)
    stage.reconcile()
    path = f"/apps/{stage.app(STAGING).id}/releases"
    old = before if of == "list" else late_current
    stage.wire.put(wire.edited(lambda found: old(found, version)), method="GET", path=path)
    stage.look()
    with stage.database.begin() as conn:
        query = "SELECT look_error, behind, behind_since FROM app WHERE name = %s"
        error, behind, since = conn.exec_driver_sql(query, (STAGING,)).one()
    assert behind in error
    assert since is not None
    stage.age(seconds=6)
    assert stage.app(STAGING).behind is None


def test_a_release_that_a_discarded_answer_showed_is_not_passed_over(stage: Stage) -> None:
    """Two read production; the one that asked first is answered last, and knows more."""
    known_to_prod(stage)
    prod, version = stage.app(PROD).id, stage.deploy()

    def overtake(request: Any, send: Any) -> Any:
        """Somebody reads the list meanwhile, before a hotfix that this answer shows."""
        stage.context.reader.releases(prod)
        stage.hotfix()
        return send()

    stage.wire.put(overtake, method="GET", path=f"/apps/{prod}/releases")
    stage.look()

    assert stage.promotion(version).status is Status.WAITING
    (hold,) = stage.held()
    assert "released" in hold.reason
    assert not stage.runs(version)


def test_the_age_of_a_reading_counts_from_when_it_was_asked_for(stage: Stage) -> None:
    prod = stage.app(PROD).id

    def slow(request: Any, send: Any) -> Any:
        answer = send()
        answer.read()
        stage.shift(stage.seconds(0))
        return answer

    stage.wire.put(slow, method="GET", path=f"/apps/{prod}/releases")
    reading = stage.context.reader.releases(prod)
    with stage.database.begin() as conn:
        query = "SELECT read_started_at, read_at, read_number FROM app WHERE id = %s"
        started_at, arrived_at, number = conn.exec_driver_sql(query, (prod,)).one()
    assert (reading.started_at, reading.arrived_at) == (started_at, arrived_at)
    assert started_at < arrived_at
    again = stage.context.reader.releases(prod)
    assert again.started_at > started_at
    assert (stage.app(PROD).read_number or 0) > number


def test_what_lags_for_a_day_is_told_and_errored(bare: Stage) -> None:
    version = soaking(bare)
    path = f"/apps/{bare.app(STAGING).id}/releases"
    bare.wire.put(
        wire.edited(lambda found: before(found, version)), method="GET", path=path, times=99
    )
    for _ in range(5):
        bare.age(minutes=11)
    assert bare.promotion(version).status is Status.WAITING
    bare.age(hours=24, minutes=6)
    assert bare.promotion(version).status is Status.ERRORED
    (told,) = bare.told("broken")
    assert f"{STAGING} shows nothing newer than v{version - 1}, and showed v{version}" in told
    assert "holds:release" in told


def test_in_doubt_an_old_list_is_not_taken_for_no_release(stage: Stage) -> None:
    """What was read after the post counts; an older answer is no look."""
    prod = stage.app(PROD).id
    path, ours = f"/apps/{prod}/releases", stage.current() + 1

    def lag(times: int) -> None:
        old = wire.edited(lambda found: before(found, ours))
        stage.wire.put(old, method="GET", path=path, times=times)

    def lost(request: Any, send: Any) -> Any:
        lag(1)
        return wire.answer_lost(request, send)

    version = lose(stage, lost)
    stage.context.reader.releases(prod)  # somebody else sees it
    lag(3)
    stage.wire.take_calls()
    stage.age(seconds=61)
    row = stage.promotion(version)
    assert (row.status, stage.posts_sent()) == (Status.POSTING, 0)
    stage.wire.troubles.clear()
    stage.age(minutes=6)
    assert stage.promotion(version).status is Status.SUCCEEDED
    assert stage.times_released(version) == 1


@pytest.mark.parametrize("of", ["list", "current", "new"])
@pytest.mark.parametrize("app", [STAGING, PROD])
def test_in_a_lag_of_a_minute_no_deploy_is_lost_and_no_hold_is_put(
    stage: Stage, app: str, of: str
) -> None:
    """All that Heroku answers about one of the apps is of before the deploy, for a minute."""
    known_to_prod(stage)
    stage.control("faults", {"kind": "frozen", "app": app, "of": of})
    version = stage.deploy()
    stage.tell(version)
    stage.work()
    for _ in range(6):
        stage.age(seconds=10)
    assert stage.held() == []
    stage.control("faults", method="DELETE")
    stage.age(minutes=6)
    assert stage.promotion(version).status is Status.SUCCEEDED
    assert (stage.times_released(version), stage.held()) == (1, [])


def test_a_rollback_to_what_ran_that_a_late_list_hid_is_no_reason_for_a_hold(stage: Stage) -> None:
    """It was made before ours and changed nothing: nobody went back while ours was on its way."""
    stage.control("faults", {"kind": "frozen", "app": PROD, "of": "list", "times": 1})
    stage.roll_back(PROD, stage.current())
    version = stage.deploy()
    stage.look()
    stage.age(seconds=10)

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert stage.held() == []
