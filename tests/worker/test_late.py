"""Releases that are ours though they come late, or do not say so."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from listener.core.promotion import Status
from tests.worker import wire
from tests.worker.accidents import lose, release_late
from tests.worker.emulated import PROD, STAGING
from tests.worker.stage import Stage

LISTS = "/apps/[^/]+/releases"


# Heroku may apply a request when it was given up already.


def test_a_release_that_turns_up_late_is_ours_and_told(stage: Stage) -> None:
    version = lose(stage)
    stage.wire.put(wire.lost)
    stage.age(seconds=61)
    stage.age(seconds=61)
    stage.release_hold()
    release_late(stage)
    stage.reconcile()

    assert stage.promotion(version).status is Status.ERRORED
    assert stage.held() == []
    assert stage.notices()[-1] == f"A late release on {PROD}"
    assert [post.outcome for post in stage.posts()] == ["late"]


def test_a_second_release_that_turns_up_late_is_told_once(stage: Stage) -> None:
    version = lose(stage)
    stage.age(seconds=61)
    assert stage.promotion(version).status is Status.SUCCEEDED
    release_late(stage)
    stage.reconcile()
    stage.age(minutes=6)

    assert stage.held() == []
    assert stage.notices()[1:] == [f"A late release on {PROD}"]


def test_a_late_release_that_takes_the_target_back_puts_a_hold(stage: Stage) -> None:
    lose(stage)
    stage.put_hold()
    stage.age(seconds=61)
    newer = stage.deploy()
    stage.release_hold()
    stage.look()
    assert stage.runs(newer)

    first = stage.posts()[0]
    words = f"Promote {STAGING} (autopromote {first.nonce})"
    stage.deploy(PROD, slug_id=first.artifact, description=words)
    stage.reconcile()

    (hold,) = stage.held()
    assert "had been given up" in hold.reason


# A Heroku that does not show the description it was given.


def silent(found: Any) -> Any:
    """The list or the release, without nonces."""
    if isinstance(found, list):
        return [silent(release) for release in found]
    words = found["description"]
    return {**found, "description": "Deploy" if "autopromote" in words else words}


@pytest.fixture
def quiet(stage: Stage) -> Stage:
    """A Heroku that never echoes a description."""
    for method in ("GET", "POST"):
        stage.wire.put(wire.edited(silent), method=method, path=LISTS, times=60)
    return stage


def test_without_echo_a_release_is_known_by_its_artifact_and_our_account(quiet: Stage) -> None:
    version = quiet.deploy()
    quiet.look()
    assert quiet.promotion(version).status is Status.SUCCEEDED

    second = quiet.deploy()
    quiet.wire.troubles.insert(0, wire.Trouble("POST", LISTS, wire.answer_lost))
    quiet.look()
    quiet.age(seconds=6)
    assert quiet.promotion(second).status is Status.SUCCEEDED
    assert quiet.times_released(second) == 1
    assert quiet.held() == []


def test_without_echo_somebody_elses_release_of_the_slug_is_not_adopted(quiet: Stage) -> None:
    version = quiet.deploy()

    def by_bo(request: Any, send: Any) -> Any:
        quiet.promote_by_dashboard(PROD, version)
        raise httpx.ReadTimeout("timed out")

    quiet.wire.troubles.insert(0, wire.Trouble("POST", LISTS, by_bo))
    quiet.look()
    quiet.age(seconds=61)

    row = quiet.promotion(version)
    assert (row.status, row.target_version) == (Status.SKIPPED, None)
    assert quiet.times_released(version) == 1


def test_without_echo_a_release_in_doubt_is_nobody_elses(quiet: Stage) -> None:
    """Whoever reads the target while the post is in doubt takes it for no stranger's."""
    version = quiet.deploy()
    quiet.wire.troubles.insert(0, wire.Trouble("POST", LISTS, wire.answer_lost))
    account = wire.Trouble("GET", "/account", wire.answers(503, applied=False))
    quiet.wire.troubles.insert(0, account)
    quiet.look()
    assert quiet.promotion(version).status is Status.POSTING
    quiet.reconcile()

    assert quiet.held() == []
    quiet.age(minutes=2)
    assert quiet.promotion(version).status is Status.SUCCEEDED
