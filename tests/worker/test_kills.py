"""A process may die between any two lines: exactly one release, and nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from listener.core.promotion import ENDED, Status
from tests.worker import wire
from tests.worker.emulated import PROD
from tests.worker.site import Site
from tests.worker.stage import LEASE, Stage
from tests.worker.wire import Killed

MOST_MOMENTS = 150
# Histories grow from death to death, and all are read each time: short ones on several stages are
# read faster. The number is odd, so that each share has odd and even moments.
SHARES = 7
shared_out = pytest.mark.parametrize("share", range(SHARES))


def moments(share: int, most: int = MOST_MOMENTS, step: int = 1) -> range:
    """Return a share of the moments from 1 on; all shares together have each of them once."""
    return range(1, most, step)[share::SHARES]


def lives(stage: Stage, moment: int) -> bool:
    """Work until nothing is due, or until it dies at this moment; answers whether it lived."""
    stage.mortality.die_at(moment)
    try:
        stage.work()
    except Killed:
        return False
    finally:
        stage.mortality.die_at(None)
    return True


def moments_of(stage: Stage, version: int, **told: Any) -> int:
    """How many moments there are in the life of such a promotion."""
    stage.mortality.die_at(None)
    stage.tell(version, **told)
    stage.work()
    return stage.mortality.lived


@pytest.mark.usefixtures("fresh_for_long")  # else a slow machine's first life has more moments
@pytest.mark.parametrize(
    ("told", "least", "most"),
    [
        pytest.param({}, 10, 20, id="the look goes on with it at once"),
        pytest.param({"status": None}, 20, MOST_MOMENTS, id="step by step"),
    ],
)
@shared_out
def test_killed_at_any_moment_it_releases_exactly_once_and_loses_no_delivery(
    stage: Stage, share: int, told: dict[str, Any], least: int, most: int
) -> None:
    last = moments_of(stage, stage.deploy(), **told)
    assert least < last < most

    for moment in moments(share, last + 1):
        version = stage.deploy()
        stage.tell(version, **told)
        assert not lives(stage, moment), f"lived through moment {moment} of {last}"
        stage.outlive()

        assert stage.promotion(version).status is Status.SUCCEEDED, f"killed at {moment}"
        assert stage.times_released(version) == 1, f"killed at {moment}"
    assert None not in stage.outcomes()
    assert len(stage.ours()) == len(moments(share, last + 1)) + 1
    assert stage.held() == []


def test_killed_while_watching_a_release_phase_it_is_watched_by_another(stage: Stage) -> None:
    stage.phase(PROD)
    for moment in range(1, 40, 3):
        version = stage.deploy()
        stage.look()
        stage.finish(PROD, int(stage.promotion(version).target_version or 0))
        stage.shift(stage.seconds(3))
        if lives(stage, moment):
            break
        stage.outlive()
        assert stage.promotion(version).status is Status.SUCCEEDED
    else:
        pytest.fail("a watching that never ends")
    stage.outlive()
    assert set(stage.statuses()) == {Status.SUCCEEDED}
    assert len(stage.ours()) == len(stage.promotions())


@shared_out
def test_killed_while_looking_for_a_lost_post_it_is_sent_again_once(
    stage: Stage, share: int
) -> None:
    """Only killed between the commit of the second post and its sending, it ends undecided."""
    for moment in moments(share):
        stage.wire.take_calls()
        stage.wire.put(wire.lost)
        version = stage.deploy()
        stage.look()
        stage.shift(stage.seconds(61))
        if lives(stage, moment):
            break
        stage.outlive()
        if stage.promotion(version).status is Status.ERRORED:
            assert (stage.times_released(version), len(stage.held())) == (0, 1)
            assert (stage.posts()[-1].sends, stage.posts_sent()) == (2, 1), f"killed at {moment}"
            stage.release_hold()
            continue
        assert stage.promotion(version).status is Status.SUCCEEDED, f"killed at {moment}"
        assert stage.times_released(version) == 1, f"killed at {moment}"
    else:
        pytest.fail("a looking that never ends")


def test_killed_in_a_rollback_it_goes_back_once(stage: Stage) -> None:
    stage.deploy()
    stage.look()
    for moment in range(1, 40, 2):
        before = stage.current()
        stage.ask_rollback(to=before - 1)  # said without it, it would go no further
        done = lives(stage, moment)
        stage.outlive()
        assert stage.promotions()[-1].status is Status.ROLLED_BACK, f"killed at {moment}"
        assert stage.current() == before + 1, f"killed at {moment}"
        stage.release_hold()
        if done:
            return
    pytest.fail("a rollback that never ends")


@shared_out
@pytest.mark.parametrize("has_phase", [False, True])
def test_killed_at_any_moment_it_verifies_and_goes_back_exactly_once(
    bare: Stage, site: Site, has_phase: bool, share: int
) -> None:
    conditions = {"verify": [site.url], "verify_for": "5s", "on_failure": "rollback"}
    bare.add_rule(conditions=conditions)
    before = bare.slug_of(PROD, bare.current())
    for moment in moments(share):
        site.status = 200
        bare.phase(PROD, none=True)
        version = bare.deploy()
        bare.look()
        made = len(bare.ours())
        site.status = 503
        bare.phase(PROD, none=not has_phase)
        for _ in range(4):
            bare.age(seconds=1)
        bare.shift(bare.seconds(1))
        lived = lives(bare, moment)
        outlive_with_phases(bare)

        assert bare.promotion(version).status is Status.ROLLED_BACK, f"killed at {moment}"
        assert bare.slug_of(PROD, bare.current()) == before, f"killed at {moment}"
        assert len(bare.ours()) == made + 1, f"killed at {moment}"
        assert [hold.kind for hold in bare.held()] == ["guard"], f"killed at {moment}"
        bare.release_hold()
        if lived:
            return
    pytest.fail("a verification that never ends")


def outlive_with_phases(stage: Stage) -> None:
    """Somebody else goes on, and the release phases that run end well, until everything ended."""
    stage.shift(LEASE)
    for _ in range(20):
        stage.work()
        if set(stage.statuses()) <= ENDED:
            return
        for release in stage.releases(PROD):
            if release["status"] == "pending":
                stage.finish(PROD, release["version"])
        stage.shift(stage.seconds(16))
    pytest.fail(f"not ended: {stage.promotions()}")
