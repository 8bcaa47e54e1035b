"""After the post: production is asked for a while, and what is not well has its consequence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from listener.core.drift import LastKnown
from listener.core.promotion import Status
from listener.prober import Prober
from tests.worker import wire
from tests.worker.emulated import EU, PROD, STAGING
from tests.worker.site import Site
from tests.worker.stage import Stage
from tests.worker.verified import LIST, answer, broken, promoted, verified

# 14, 23: where the rule asks for it, what was released is verified.


def test_a_promotion_is_verified_from_its_release_to_the_end_of_the_time(
    bare: Stage, site: Site
) -> None:
    stage = verified(bare, site)
    version = promoted(stage)
    row = stage.promotion(version)
    assert row.reason == f"Released as v{row.target_version}; verified for 50s."
    assert site.asked == 0
    assert stage.is_put_off(10, version)
    answer(stage, site, 200, 200, 200, 200)
    assert stage.promotion(version).status is Status.VERIFYING
    answer(stage, site, 200)

    row = stage.promotion(version)
    assert (row.status, site.asked) == (Status.SUCCEEDED, 5)
    said = f"5 of 5 answers of {site.url} were good, the last 5 in a row."
    assert row.reason == f"Released as v{row.target_version}. {said}"


def test_the_first_question_is_due_one_pause_after_its_beginning_and_never_asked_twice(
    bare: Stage, site: Site
) -> None:
    stage = verified(bare, site)
    row = stage.promotion(promoted(stage))
    assert row.due_at is not None
    assert row.status_at is not None
    # Were it due a moment before the first step, that step would be asked for once more.
    assert row.due_at - row.status_at == stage.seconds(10)


def test_after_a_release_phase_it_is_verified_too(bare: Stage, site: Site) -> None:
    stage = verified(bare, site)
    stage.phase(PROD)
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.RELEASING
    stage.finish(PROD, int(stage.promotion(version).target_version or 0))
    stage.age(seconds=2)
    assert stage.promotion(version).status is Status.VERIFYING


def test_a_release_that_was_looked_for_is_verified_too(bare: Stage, site: Site) -> None:
    stage = verified(bare, site)
    stage.wire.put(wire.answer_lost)
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.VERIFYING


def test_from_its_release_on_the_target_is_known_to_run_it(bare: Stage, site: Site) -> None:
    stage = verified(bare, site)
    promoted(stage)
    current = stage.current()
    assert stage.app(PROD).known == LastKnown(current, stage.slug_of(PROD, current))
    stage.reconcile()
    assert stage.held() == []


def test_a_timeline_has_a_line_for_each_change_and_not_for_each_answer(
    bare: Stage, site: Site
) -> None:
    stage = verified(bare, site)
    version = promoted(stage)
    answer(stage, site, 503, 503, 200, 200, 200)
    assert stage.life(version).count("verifying") == 3


def test_a_rule_that_changes_meanwhile_changes_nothing_for_it(bare: Stage, site: Site) -> None:
    stage = verified(bare, site, on_failure="notify")
    version = promoted(stage)
    stage.change_rule(conditions={"verify_for": "2h", "on_failure": "rollback"})
    answer(stage, site, *[503] * 5)
    assert stage.promotion(version).status is Status.FAILED


def test_by_hand_it_is_verified_like_the_rule_that_promotes_there(bare: Stage, site: Site) -> None:
    bare.add_rule(mode="shadow", conditions={"verify": [site.url], "verify_for": "50s"})
    version = bare.deploy()
    bare.promote(version)
    bare.work()
    by_hand = next(row for row in bare.promotions() if row.is_by_hand)
    assert by_hand.status is Status.VERIFYING


def test_while_it_is_verified_others_wait_for_the_target(bare: Stage, site: Site) -> None:
    stage = verified(bare, site)
    version = promoted(stage)
    newer = stage.deploy()
    stage.look()
    assert stage.promotion(newer).status is Status.WAITING
    assert f"{stage.promotion(version).id} is at work on {PROD} (verifying)" in (
        stage.promotion(newer).reason
    )
    answer(stage, site, *[200] * 5)

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert stage.promotion(newer).status is Status.VERIFYING


def test_a_chain_waits_for_it(bare: Stage, site: Site) -> None:
    stage = verified(bare, site)
    stage.add_rule("onward", source=PROD, targets=(EU,))
    promoted(stage)
    stage.look(PROD)
    (onward,) = [row for row in stage.promotions() if row.target_id == stage.app(EU).id]
    assert (onward.status, onward.reason) == (
        Status.WAITING,
        f"Our own promotion onto {PROD} is verifying.",
    )
    stage.wire.take_calls()
    answer(stage, site, 200, 200)
    assert stage.wire.take_calls() == []  # it waits for our own, of which we know
    answer(stage, site, *[200] * 3)
    assert stage.runs(stage.promotions()[0].version, EU)


def test_a_chain_ends_where_production_was_rolled_back(rolling: Stage, site: Site) -> None:
    rolling.add_rule("onward", source=PROD, targets=(EU,))
    version = broken(rolling, site)
    rolling.look(PROD)
    answer(rolling, site, 503)
    rolling.age(seconds=16)
    onward = [row for row in rolling.promotions() if row.target_id == rolling.app(EU).id]
    assert [row.status for row in onward] == [Status.REJECTED]
    assert not rolling.runs(version, EU)


# 26: enough good answers.


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        ((503, 503, 200, 200, 200), Status.SUCCEEDED),  # preboot, or a slow start
        ((200, 503, 200, 200, 200), Status.SUCCEEDED),
        ((503, 503, 503, 200, 200), Status.FAILED),
        ((200, 200, 200, 200, 503), Status.FAILED),
        ((200, 200, 503, 200, 200), Status.FAILED),
        ((404, 404, 404, 404, 404), Status.FAILED),
    ],
)
def test_the_end_counts(bare: Stage, site: Site, statuses: tuple[int, ...], status: Status) -> None:
    stage = verified(bare, site)
    version = promoted(stage)
    answer(stage, site, *statuses)
    assert stage.promotion(version).status is status


def test_where_we_were_away_it_is_asked_until_something_can_be_said(
    bare: Stage, site: Site
) -> None:
    stage = verified(bare, site)
    version = promoted(stage)
    stage.age(hours=1)
    assert (stage.promotion(version).status, site.asked) == (Status.VERIFYING, 1)
    stage.age(seconds=10)
    stage.age(seconds=10)
    assert (stage.promotion(version).status, site.asked) == (Status.SUCCEEDED, 3)


# 27: bad, and nothing is rolled back.


def test_notify_ends_as_failed_and_tells_and_holds_nothing(bare: Stage, site: Site) -> None:
    stage = verified(bare, site, on_failure="notify")
    version = promoted(stage)
    answer(stage, site, *[503] * 5)
    row = stage.promotion(version)
    assert row.status is Status.FAILED
    assert row.reason == (
        f"0 of 5 answers of {site.url} were good, the last 0 in a row,"
        f" the last bad one: {site.url} answered 503."
    )
    assert (stage.held(), stage.runs(version)) == ([], True)
    assert stage.notices() == [f"Promotion {row.id} of {STAGING} v{version} to {PROD} failed"]


def test_hold_ends_as_failed_and_the_target_stands_still(bare: Stage, site: Site) -> None:
    stage = verified(bare, site)
    version = promoted(stage)
    answer(stage, site, *[503] * 5)
    assert (stage.promotion(version).status, stage.runs(version)) == (Status.FAILED, True)
    (hold,) = stage.held()
    assert hold.reason.startswith(f"Promotion {stage.promotion(version).id} is not well. 0 of 5")
    assert len(stage.posts()) == 1


def test_what_could_never_be_asked_is_not_rolled_back(rolling: Stage, site: Site) -> None:
    rolling.context = replace(rolling.context, prober=Prober())  # one that may ask nobody here
    version = promoted(rolling)
    answer(rolling, site, *[503] * 5)
    row = rolling.promotion(version)
    assert (row.status, rolling.runs(version), site.asked) == (Status.FAILED, True, 0)
    assert "AUTOPROMOTE_ALLOW_PRIVATE_CHECKS=1" in row.reason
    assert len(rolling.held()) == 1


def test_nothing_to_go_back_to_ends_as_failed_with_a_hold(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)

    def expired(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [r if r["current"] else {**r, "status": "expired"} for r in found]

    rolling.wire.put(wire.edited(expired), method="GET", path=LIST, times=4)
    answer(rolling, site, 503)
    row = rolling.promotion(version)
    assert row.status is Status.FAILED
    assert "cannot run again" in row.reason
    assert len(rolling.held()) == 1
    assert len(rolling.posts()) == 1
