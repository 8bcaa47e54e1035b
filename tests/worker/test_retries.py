"""Trying again what ended: with a new nonce, and never what arrived after all."""

from __future__ import annotations

from listener.core.promotion import Status
from tests.worker import wire
from tests.worker.emulated import ANA, PROD, STAGING
from tests.worker.stage import Stage


def retry(stage: Stage, version: int) -> None:
    """A person tries again."""
    stage.desk.retry(str(stage.promotion(version).id), by=ANA)
    stage.work()


def errored(stage: Stage) -> int:
    """Two posts left no trace; answers the version."""
    stage.wire.put(wire.lost, times=2)
    version = stage.deploy()
    stage.look()
    stage.age(seconds=61)
    stage.age(seconds=61)
    assert stage.promotion(version).status is Status.ERRORED
    stage.release_hold()
    stage.wire.take_calls()
    return version


def test_a_retry_is_a_new_post_with_a_new_nonce(stage: Stage) -> None:
    stage.wire.put(wire.answers(403, applied=False))
    version = stage.deploy()
    stage.look()
    retry(stage, version)

    assert stage.promotion(version).status is Status.SUCCEEDED
    first, second = stage.posts()
    assert first.nonce != second.nonce
    assert stage.times_released(version) == 1


def test_a_retry_after_two_lost_posts_releases_once(stage: Stage) -> None:
    version = errored(stage)
    retry(stage, version)

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert (stage.times_released(version), stage.posts_sent()) == (1, 1)


def test_a_retry_finds_that_the_lost_post_arrived_after_all(stage: Stage) -> None:
    version = errored(stage)
    post = stage.posts()[-1]
    stage.deploy(PROD, slug_id=post.artifact, description=f"Promote (autopromote {post.nonce})")
    retry(stage, version)

    assert stage.promotion(version).status is Status.SKIPPED
    assert (stage.times_released(version), stage.posts_sent()) == (1, 0)


def test_a_retry_waits_while_the_lost_post_is_releasing(stage: Stage) -> None:
    version = errored(stage)
    post = stage.posts()[-1]
    stage.phase(PROD)
    words = f"Promote (autopromote {post.nonce})"
    pending = stage.deploy(PROD, slug_id=post.artifact, description=words)
    retry(stage, version)
    assert stage.promotion(version).status is Status.WAITING

    stage.finish(PROD, pending)
    stage.age(seconds=16)
    assert stage.promotion(version).status is Status.SKIPPED
    assert stage.posts_sent() == 0


def test_a_retry_of_a_failed_release_phase_runs_it_again(stage: Stage) -> None:
    stage.phase(PROD)
    version = stage.deploy()
    stage.look()
    stage.finish(PROD, int(stage.promotion(version).target_version or 0), "failed")
    stage.age(seconds=2)
    stage.phase(PROD, none=True)
    retry(stage, version)

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert stage.runs(version)


def test_a_retry_of_what_is_older_by_now_moves_nothing_back(stage: Stage) -> None:
    stage.wire.put(wire.answers(403, applied=False))
    older = stage.deploy()
    stage.look()
    newer = stage.deploy()
    stage.look()
    retry(stage, older)

    assert stage.promotion(older).status is Status.SUPERSEDED
    assert stage.runs(newer)


def test_a_cancelled_one_may_be_tried_again(stage: Stage) -> None:
    stage.put_hold()
    version = stage.deploy()
    stage.look()
    stage.cancel(stage.promotion(version))
    stage.release_hold()
    stage.work()
    assert stage.posts_sent() == 0
    retry(stage, version)

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert stage.runs(version, source=STAGING)


def test_a_retry_sees_that_the_target_was_set_to_the_stack(stage: Stage) -> None:
    stage.control(f"apps/{STAGING}", {"stack": "heroku-26"}, "PATCH")
    version = stage.deploy()
    stage.look()
    row = stage.promotion(version)
    assert (row.status, "heroku stack:set heroku-26" in row.reason) == (Status.WAITING, True)
    stage.cancel(row)
    stage.control(f"apps/{PROD}", {"stack": "heroku-26"}, "PATCH")
    retry(stage, version)

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert stage.runs(version)
