"""The post of a rollback of our own: in doubt like any other, and never sent blindly again."""

from __future__ import annotations

from typing import Any

import pytest

from listener.core.promotion import Status
from listener.errors import Conflict
from tests.worker import wire
from tests.worker.emulated import PROD, ROBOT
from tests.worker.site import Site
from tests.worker.stage import Stage
from tests.worker.verified import LIST, answer, broken, promoted, verified

# 29: the post of the rollback, in doubt like any other.


def test_a_release_phase_of_the_rollback_is_watched(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)
    rolling.phase(PROD)
    answer(rolling, site, 503)
    assert rolling.promotion(version).status is Status.ROLLING_BACK
    rolling.finish(PROD, rolling.releases(PROD)[-1]["version"])
    rolling.age(seconds=2)
    assert rolling.promotion(version).status is Status.ROLLED_BACK
    assert len(rolling.held()) == 1


def test_a_release_phase_of_the_rollback_that_fails_ends_as_failed_with_a_hold(
    rolling: Stage, site: Site
) -> None:
    version = broken(rolling, site)
    rolling.phase(PROD)
    answer(rolling, site, 503)
    rolling.finish(PROD, rolling.releases(PROD)[-1]["version"], "failed")
    rolling.age(seconds=2)
    row = rolling.promotion(version)
    assert (row.status, rolling.runs(version)) == (Status.FAILED, True)
    (hold,) = rolling.held()
    assert hold.reason.startswith(f"The rollback of promotion {row.id} failed.")


def test_a_definite_no_to_the_rollback_ends_as_failed_with_a_hold(
    rolling: Stage, site: Site
) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.answers(403, applied=False))
    answer(rolling, site, 503)
    assert rolling.promotion(version).status is Status.FAILED
    assert "Not rolled back: Heroku refused" in rolling.promotion(version).reason
    assert len(rolling.held()) == 1


@pytest.mark.parametrize("trouble", [wire.refused, wire.answers(429, applied=False)])
def test_a_rollback_that_never_left_is_asked_for_anew(
    rolling: Stage, site: Site, trouble: wire.Around
) -> None:
    version = broken(rolling, site)
    rolling.wire.put(trouble)
    answer(rolling, site, 503)
    assert rolling.promotion(version).status is Status.ROLLING_BACK
    assert rolling.runs(version)
    rolling.age(seconds=60)
    assert rolling.promotion(version).status is Status.ROLLED_BACK
    assert [post.outcome for post in rolling.posts()] == ["accepted", "not_sent", "accepted"]


def test_a_rollback_that_never_leaves_is_given_up_after_an_hour(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.refused, times=500)
    answer(rolling, site, 503)
    for _ in range(7):
        rolling.age(minutes=10)
    assert rolling.promotion(version).status is Status.FAILED
    assert len(rolling.held()) == 1


def test_somebody_who_releases_before_it_is_asked_for_anew_is_left_alone(
    rolling: Stage, site: Site
) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.refused)
    answer(rolling, site, 503)
    hotfix = rolling.hotfix()
    rolling.age(seconds=6)
    assert (rolling.promotion(version).status, rolling.current()) == (Status.FAILED, hotfix)


@pytest.mark.parametrize("trouble", [wire.answer_lost, wire.answers(502, applied=True)])
def test_a_lost_answer_to_the_rollback_is_adopted(
    rolling: Stage, site: Site, trouble: wire.Around
) -> None:
    version = broken(rolling, site)
    rolling.wire.put(trouble)
    answer(rolling, site, 503)
    assert rolling.promotion(version).status is Status.ROLLED_BACK
    assert len(rolling.ours()) == 2


def test_a_lost_rollback_is_sent_again_while_ours_still_runs(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.lost)
    answer(rolling, site, 503)
    assert rolling.promotion(version).status is Status.ROLLING_BACK
    rolling.put_hold()
    rolling.age(seconds=61)
    assert rolling.promotion(version).status is Status.ROLLED_BACK
    assert (rolling.posts()[-1].sends, len(rolling.ours())) == (2, 2)


def test_a_list_that_cannot_be_read_right_before_the_second_post_is_read_again(
    rolling: Stage, site: Site
) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.lost)
    answer(rolling, site, 503)
    down = wire.answers(503, applied=False)
    then_down = wire.after(lambda: rolling.wire.put(down, method="GET", path=LIST))
    rolling.wire.put(then_down, method="GET", path=LIST)
    rolling.age(seconds=61)
    assert rolling.promotion(version).status is Status.ROLLING_BACK
    rolling.age(minutes=2)
    assert rolling.promotion(version).status is Status.ROLLED_BACK
    assert len(rolling.ours()) == 2


def test_a_rollback_that_shows_right_before_the_second_post_is_adopted(
    rolling: Stage, site: Site
) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.lost)
    answer(rolling, site, 503)
    post = rolling.posts()[-1]

    def late() -> None:
        words = f"Roll back (autopromote {post.nonce})"
        rolling.deploy(PROD, slug_id=post.artifact, description=words, user=ROBOT)

    rolling.wire.put(wire.after(late), method="GET", path=LIST)
    rolling.age(seconds=61)
    assert rolling.promotion(version).status is Status.ROLLED_BACK
    assert (len(rolling.ours()), rolling.posts()[-1].sends) == (2, 1)


def test_a_reading_that_lags_behind_is_read_again(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)
    with rolling.database.begin() as conn:
        conn.exec_driver_sql("UPDATE app SET known_version = known_version + 9")
    answer(rolling, site, 503)
    row = rolling.promotion(version)
    assert row.status is Status.VERIFYING
    assert "does not show yet what we released" in row.reason
    with rolling.database.begin() as conn:
        conn.exec_driver_sql("UPDATE app SET known_version = known_version - 9")
    rolling.age(seconds=5)
    assert rolling.promotion(version).status is Status.ROLLED_BACK


@pytest.mark.parametrize("act", ["hotfix", "configure"])
def test_a_lost_rollback_is_not_sent_again_over_what_somebody_released(
    rolling: Stage, site: Site, act: str
) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.lost)
    answer(rolling, site, 503)
    current = rolling.hotfix() if act == "hotfix" else rolling.configure(PROD)
    rolling.age(seconds=61)
    row = rolling.promotion(version)
    assert (row.status, rolling.current()) == (Status.FAILED, current)
    assert rolling.posts()[-1].sends == 1
    assert "guard" in {hold.kind for hold in rolling.held()}


def test_two_posts_of_the_rollback_without_trace_end_as_errored_with_a_hold(
    rolling: Stage, site: Site
) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.lost, times=2)
    answer(rolling, site, 503)
    rolling.age(seconds=61)
    rolling.age(seconds=61)
    assert rolling.promotion(version).status is Status.ERRORED
    assert len(rolling.held()) == 1


def test_the_list_unreadable_for_an_hour_after_a_lost_rollback_ends_as_errored(
    rolling: Stage, site: Site
) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.lost)
    answer(rolling, site, 503)
    rolling.wire.put(wire.answers(503, applied=False), method="GET", times=500)
    for _ in range(13):
        rolling.age(minutes=5)
    assert rolling.promotion(version).status is Status.ERRORED
    assert len(rolling.held()) == 1


def test_a_heroku_that_shows_no_descriptions_has_its_rollback_found(
    rolling: Stage, site: Site
) -> None:
    def silent(found: Any) -> Any:
        return [{**r, "description": "Deploy"} for r in found]

    version = broken(rolling, site)
    with rolling.database.begin() as conn:
        conn.exec_driver_sql("UPDATE fact SET value = 'false' WHERE name = 'echoes_description'")
    rolling.wire.put(wire.answer_lost)
    rolling.wire.put(wire.edited(silent), method="GET", path=LIST, times=20)
    answer(rolling, site, 503)
    assert rolling.promotion(version).status is Status.ROLLED_BACK


def test_after_twenty_broken_steps_it_ends_as_failed_with_a_hold(
    rolling: Stage, site: Site
) -> None:
    version = promoted(rolling)
    with rolling.database.begin() as conn:
        conn.exec_driver_sql("UPDATE promotion SET attempt = 20, due_at = now()")
    rolling.work()
    assert rolling.promotion(version).status is Status.FAILED
    assert len(rolling.held()) == 1


def test_what_was_rolled_back_is_not_tried_again(rolling: Stage, site: Site) -> None:
    broken(rolling, site)
    answer(rolling, site, 503)
    with pytest.raises(Conflict, match="has ended: it is rolled_back"):
        rolling.desk.retry(str(rolling.promotions()[0].id), by="ana@example.com")


def test_a_retry_of_what_failed_its_verification_finds_it_running(bare: Stage, site: Site) -> None:
    stage = verified(bare, site)
    version = promoted(stage)
    answer(stage, site, *[503] * 5)
    stage.desk.retry(str(stage.promotion(version).id), by="ana@example.com")
    stage.work()
    assert stage.promotion(version).status is Status.SKIPPED
    assert stage.promotion(version).verification is None
