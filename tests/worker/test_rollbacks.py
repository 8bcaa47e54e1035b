"""Rolling back by hand: the older slug comes back, and automation stands still."""

from __future__ import annotations

import pytest

from listener.core.drift import LastKnown
from listener.core.promotion import Status
from tests.worker import wire
from tests.worker.emulated import PROD
from tests.worker.stage import Stage


@pytest.fixture
def promoted(stage: Stage) -> Stage:
    """Production runs what was promoted, and ran something else before."""
    stage.deploy()
    stage.look()
    stage.wire.take_calls()
    return stage


def before(stage: Stage) -> int:
    """The version that production ran first."""
    return stage.ours()[0] - 1


def test_it_ends_as_rolled_back_with_a_hold_and_the_older_slug_runs(promoted: Stage) -> None:
    promoted.ask_rollback()
    promoted.work()

    row = promoted.promotions()[-1]
    assert row.status is Status.ROLLED_BACK
    assert promoted.runs(before(promoted), source=PROD)
    assert [hold.reason for hold in promoted.held()] == ["it is slow"]
    assert promoted.app(PROD).known == LastKnown(
        promoted.current(), promoted.slug_of(PROD, promoted.current())
    )


def test_its_release_carries_a_nonce_and_is_no_strangers(promoted: Stage) -> None:
    promoted.ask_rollback()
    promoted.work()
    promoted.reconcile()

    words = promoted.release(PROD, promoted.current())["description"]
    assert words == f"Roll back to v{before(promoted)} (autopromote {promoted.posts()[-1].nonce})"
    assert [hold.kind for hold in promoted.held()] == ["rollback"]


def test_it_goes_in_spite_of_a_hold(promoted: Stage) -> None:
    promoted.put_hold()
    promoted.ask_rollback()
    promoted.work()
    assert promoted.promotions()[-1].status is Status.ROLLED_BACK


def test_nothing_is_promoted_again_until_a_person_says_so(promoted: Stage) -> None:
    promoted.ask_rollback()
    version = promoted.deploy()
    promoted.look()
    assert promoted.promotion(version).status is Status.WAITING

    promoted.release_hold()
    promoted.work()
    assert promoted.runs(version)


def test_a_running_release_phase_is_watched(promoted: Stage) -> None:
    promoted.phase(PROD)
    promoted.ask_rollback()
    promoted.work()
    row = promoted.promotions()[-1]
    assert row.status is Status.ROLLING_BACK
    promoted.finish(PROD, int(row.target_version or 0))
    promoted.age(seconds=2)

    assert promoted.promotions()[-1].status is Status.ROLLED_BACK
    assert promoted.posts_sent() == 1


def test_a_failed_release_phase_ends_as_failed_with_a_hold(promoted: Stage) -> None:
    promoted.phase(PROD)
    promoted.ask_rollback()
    promoted.work()
    row = promoted.promotions()[-1]
    promoted.finish(PROD, int(row.target_version or 0), "failed")
    promoted.age(seconds=2)

    assert promoted.promotions()[-1].status is Status.FAILED
    assert {hold.kind for hold in promoted.held()} == {"rollback", "guard"}


def test_a_definite_no_ends_as_failed_with_a_hold(promoted: Stage) -> None:
    promoted.wire.put(wire.answers(403, applied=False))
    promoted.ask_rollback()
    promoted.work()

    assert promoted.promotions()[-1].status is Status.FAILED
    assert {hold.kind for hold in promoted.held()} == {"rollback", "guard"}


def test_a_lost_answer_is_adopted(promoted: Stage) -> None:
    promoted.wire.put(wire.answer_lost)
    promoted.ask_rollback()
    promoted.work()

    assert promoted.promotions()[-1].status is Status.ROLLED_BACK
    assert promoted.posts_sent() == 1


def test_a_lost_post_is_sent_again_while_the_same_code_still_runs(promoted: Stage) -> None:
    promoted.wire.put(wire.lost)
    promoted.ask_rollback()
    promoted.work()
    assert promoted.promotions()[-1].status is Status.ROLLING_BACK
    promoted.age(seconds=61)

    assert promoted.promotions()[-1].status is Status.ROLLED_BACK
    assert promoted.posts_sent() == 2
    assert promoted.times_released(before(promoted), source=PROD) == 2  # the first, and this one


def test_a_lost_post_is_not_sent_again_over_what_somebody_released(promoted: Stage) -> None:
    promoted.wire.put(wire.lost)
    promoted.ask_rollback()
    promoted.work()
    hotfix = promoted.hotfix()
    promoted.age(seconds=61)

    row = promoted.promotions()[-1]
    assert (row.status, promoted.current()) == (Status.FAILED, hotfix)
    assert "something else" in row.reason
    assert promoted.posts_sent() == 1


def test_two_posts_without_trace_end_as_errored_with_a_hold(promoted: Stage) -> None:
    promoted.wire.put(wire.lost, times=2)
    promoted.ask_rollback()
    promoted.work()
    promoted.age(seconds=61)
    promoted.age(seconds=61)

    assert promoted.promotions()[-1].status is Status.ERRORED
    assert {hold.kind for hold in promoted.held()} == {"rollback", "guard"}


def test_it_does_not_undo_what_somebody_released_while_it_waited(promoted: Stage) -> None:
    promoted.phase(PROD)
    pending = promoted.hotfix()
    promoted.ask_rollback()
    promoted.work()
    assert promoted.promotions()[-1].status is Status.WAITING
    promoted.finish(PROD, pending)
    promoted.age(seconds=16)

    row = promoted.promotions()[-1]
    assert (row.status, promoted.current()) == (Status.CANCELLED, pending)
    assert "Since the rollback was asked for" in row.reason
    assert promoted.posts_sent() == 0


def test_it_waits_while_a_promotion_is_at_work(stage: Stage) -> None:
    stage.phase(PROD)
    stage.deploy()
    stage.look()
    with stage.database.begin() as conn:  # in a second its own poll would see the hotfix
        conn.exec_driver_sql("UPDATE promotion SET due_at = now() + interval '1 hour'")
    stage.phase(PROD, none=True)
    stage.hotfix_quietly()
    stage.ask_rollback(3)
    stage.work()

    assert stage.statuses() == [Status.RELEASING, Status.WAITING]
    assert stage.posts_sent() == 1


def test_what_runs_already_is_skipped(promoted: Stage) -> None:
    promoted.ask_rollback()
    promoted.promote_by_dashboard(PROD, before(promoted), source=PROD)
    with promoted.database.begin() as conn:
        conn.exec_driver_sql("UPDATE app SET known_version = NULL")  # nobody guards it
    promoted.shift(promoted.seconds(3))
    promoted.work()

    assert promoted.promotions()[-1].status is Status.SKIPPED
    assert promoted.posts_sent() == 0


def test_it_costs_one_list_and_one_post_after_the_asking(promoted: Stage) -> None:
    promoted.ask_rollback()
    promoted.shift(promoted.seconds(3))
    promoted.wire.take_calls()
    promoted.work()

    prod = promoted.app(PROD).id
    assert promoted.wire.take_calls() == [
        f"GET /apps/{prod}/releases",
        f"POST /apps/{prod}/releases",
    ]
