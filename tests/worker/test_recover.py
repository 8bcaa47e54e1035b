"""A post of unknown fate: looked for at 0, 5, 15, 30 and 60 seconds, and never blindly repeated."""

from __future__ import annotations

from typing import Any

import pytest

from listener.core.promotion import Status
from tests.worker import wire
from tests.worker.accidents import lose, release_late
from tests.worker.emulated import EU, PROD, STAGING
from tests.worker.stage import Stage


def test_looks_come_at_5_15_30_and_60_seconds_then_it_is_sent_again(stage: Stage) -> None:
    version = lose(stage)

    seen = []
    while stage.promotion(version).status is Status.POSTING:
        assert stage.posts_sent() == 0
        seen.append(stage.due_after_post())
        stage.age(seconds=stage.due_in() or 0)
    assert seen == [5, 15, 30, 60]
    assert (stage.promotion(version).status, stage.posts_sent()) == (Status.SUCCEEDED, 1)


@pytest.mark.parametrize("seconds", [3, 20, 58])
def test_a_release_is_adopted_at_the_first_find(stage: Stage, seconds: int) -> None:
    version = lose(stage)
    stage.age(seconds=seconds - stage.since_post())
    made = release_late(stage)
    stage.age(seconds=60 - seconds)

    row = stage.promotion(version)
    assert (row.status, row.target_version) == (Status.SUCCEEDED, made)
    assert stage.posts_sent() == 0


def test_what_is_found_pending_is_watched(stage: Stage) -> None:
    stage.phase(PROD)
    version = stage.deploy()
    stage.wire.put(wire.answer_lost)
    stage.look()

    row = stage.promotion(version)
    assert row.status is Status.RELEASING
    stage.finish(PROD, int(row.target_version or 0), "failed")
    stage.age(seconds=2)
    assert stage.promotion(version).status is Status.FAILED


def test_a_hold_put_meanwhile_takes_it_back_to_waiting(stage: Stage) -> None:
    version = lose(stage)
    stage.put_hold()
    stage.age(seconds=61)

    row = stage.promotion(version)
    assert row.status is Status.WAITING
    assert "launch day" in row.reason
    assert stage.posts_sent() == 0


def test_a_source_rolled_back_meanwhile_takes_it_back_and_supersedes_it(stage: Stage) -> None:
    before = stage.current(STAGING)
    version = lose(stage)
    stage.roll_back(STAGING, before)
    stage.age(seconds=61)

    assert stage.promotion(version).status is Status.SUPERSEDED
    assert stage.posts_sent() == 0


def test_a_hotfix_meanwhile_puts_a_hold_and_nothing_is_sent_again(stage: Stage) -> None:
    version = lose(stage)
    hotfix = stage.hotfix()
    stage.age(seconds=61)

    assert stage.promotion(version).status is Status.WAITING
    assert [hold.kind for hold in stage.held()] == ["detected"]
    assert (stage.current(), stage.posts_sent()) == (hotfix, 0)


def test_a_rule_turned_off_meanwhile_cancels_what_comes_back(stage: Stage) -> None:
    version = lose(stage)
    stage.change_rule(mode="off")
    stage.age(seconds=61)

    row = stage.promotion(version)
    assert (row.status, row.reason) == (Status.CANCELLED, "Rule ship is off.")
    assert stage.posts_sent() == 0


def test_a_target_dropped_meanwhile_gets_nothing(bare: Stage) -> None:
    bare.add_rule(targets=(PROD, EU))
    bare.put_hold(EU)
    version = lose(bare)
    bare.change_rule(targets=(EU,))
    bare.age(seconds=61)

    assert bare.promotion(version).status is Status.CANCELLED
    assert bare.posts_sent() == 0


def test_two_posts_without_trace_end_as_errored_and_put_a_hold(stage: Stage) -> None:
    version = lose(stage)
    stage.wire.put(wire.lost)
    stage.age(seconds=61)
    assert (stage.promotion(version).status, stage.posts_sent()) == (Status.POSTING, 1)
    stage.age(seconds=61)

    row = stage.promotion(version)
    assert (row.status, stage.posts_sent()) == (Status.ERRORED, 1)
    assert [hold.reason for hold in stage.held()] == [row.reason]
    assert "2 times" in row.reason


def test_both_posts_bear_the_same_nonce(stage: Stage) -> None:
    bodies: list[str] = []

    def keep(request: Any, send: Any) -> Any:
        bodies.append(request.content.decode())
        return wire.lost(request, send)

    stage.wire.put(keep, times=2)
    stage.deploy()
    stage.look()
    stage.age(seconds=61)

    assert len(bodies) == 2
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize("trouble", [wire.refused, wire.answers(429, applied=False)])
def test_a_second_post_that_is_not_sent_does_not_count(stage: Stage, trouble: wire.Around) -> None:
    version = lose(stage)
    stage.wire.put(trouble)
    stage.age(seconds=61)
    assert (stage.promotion(version).status, stage.posts_sent()) == (Status.POSTING, 1)

    stage.age(seconds=61)
    assert (stage.promotion(version).status, stage.posts_sent()) == (Status.SUCCEEDED, 2)
    assert stage.times_released(version) == 1


def test_of_several_releases_the_highest_is_adopted_and_a_hold_put(stage: Stage) -> None:
    stage.wire.put(wire.twice)
    version = stage.deploy()
    stage.look()

    row = stage.promotion(version)
    assert (row.status, row.target_version) == (Status.SUCCEEDED, stage.current())
    (hold,) = stage.held()
    assert f"v{stage.current() - 1} too" in hold.reason


def test_an_answer_may_come_though_heroku_released_twice(stage: Stage) -> None:
    def again(request: Any, send: Any) -> Any:
        send().read()
        return send()

    stage.wire.put(again)
    version = stage.deploy()
    stage.look()

    assert stage.promotion(version).status is Status.SUCCEEDED
    (hold,) = stage.held()
    assert "more than one release" in hold.reason


def test_a_list_unreadable_for_an_hour_ends_as_errored_and_puts_a_hold(stage: Stage) -> None:
    version = lose(stage)
    stage.wire.put(wire.answers(503, applied=False), method="GET", times=500)
    stage.age(minutes=59)
    assert stage.promotion(version).status is Status.POSTING
    stage.age(minutes=6)

    row = stage.promotion(version)
    assert row.status is Status.ERRORED
    assert len(stage.held()) == 1
    assert stage.posts_sent() == 0


@pytest.mark.parametrize("gone", [404, 410])
@pytest.mark.parametrize("looks", [1, 2])
def test_a_target_that_seems_gone_is_unreadable_and_not_without_our_release(
    stage: Stage, gone: int, looks: int
) -> None:
    """Heroku made the release, the answer is lost, and the first looks are told of no such app."""
    path = f"/apps/{stage.app(PROD).id}/releases"

    def lost(request: Any, send: Any) -> Any:
        stage.wire.put(wire.answers(gone, applied=False), method="GET", path=path, times=looks)
        return wire.answer_lost(request, send)

    version = lose(stage, lost)
    assert "list cannot be read" in stage.promotion(version).reason
    assert stage.is_put_off(5, version)
    for _ in range(looks):
        stage.age(seconds=11)
    row = stage.promotion(version)
    assert (row.status, stage.posts_sent()) == (Status.SUCCEEDED, 0)
    assert stage.times_released(version) == 1


@pytest.mark.parametrize("gone", [404, 410])
def test_a_target_that_seems_gone_for_all_looks_is_sent_nothing(stage: Stage, gone: int) -> None:
    version = lose(stage)
    path = f"/apps/{stage.app(PROD).id}/releases"
    stage.wire.put(wire.answers(gone, applied=False), method="GET", path=path, times=99)
    for _ in range(5):
        stage.age(seconds=61)
    assert (stage.promotion(version).status, stage.posts_sent()) == (Status.POSTING, 0)
    stage.age(minutes=60)
    assert stage.promotion(version).status is Status.ERRORED
    assert (len(stage.held()), stage.posts_sent()) == (1, 0)


def test_a_list_readable_again_after_the_looks_is_looked_at_before_anything_is_sent(
    stage: Stage,
) -> None:
    version = lose(stage)
    stage.wire.put(wire.answers(503, applied=False), method="GET", times=500)
    stage.age(minutes=20)
    release_late(stage)
    stage.wire.troubles.clear()
    stage.age(minutes=6)

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert stage.posts_sent() == 0


def test_a_claim_in_posting_is_always_in_doubt(stage: Stage) -> None:
    """The process died between its commit and whatever it did then."""
    version = stage.deploy()
    stage.look()
    with stage.database.begin() as conn:
        conn.exec_driver_sql("UPDATE promotion SET status = 'posting', due_at = now()")
        conn.exec_driver_sql("UPDATE post SET outcome = NULL, sent_at = now()")
    stage.wire.take_calls()
    stage.work()

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert (stage.posts_sent(), stage.times_released(version)) == (0, 1)


def test_an_ended_promotion_has_told_its_life(stage: Stage) -> None:
    version = lose(stage)
    stage.age(seconds=61)

    life = stage.life(version)
    assert (life[0], life[-1]) == ("waiting", "succeeded")
    assert "posting" in life
