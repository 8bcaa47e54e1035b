"""By pipeline, too, a process may die between any two lines: one release, and nothing is lost."""

from __future__ import annotations

import pytest

from listener.core.promotion import Status
from tests.worker import wire
from tests.worker.emulated import PROD
from tests.worker.pipes import PROMOTIONS, arrival, arrive, by_pipeline
from tests.worker.stage import Stage
from tests.worker.test_kills import MOST_MOMENTS, lives, moments, moments_of, shared_out


@pytest.fixture
def piped(bare: Stage) -> Stage:
    """Staging and production in one pipeline, and a rule that promotes by it."""
    return by_pipeline(bare)


@pytest.mark.usefixtures("fresh_for_long")  # else a slow machine's first life has more moments
@shared_out
def test_killed_at_any_moment_it_promotes_exactly_once_and_loses_no_delivery(
    piped: Stage, share: int
) -> None:
    piped.deploy()
    piped.look()  # our account and the pipelines are known
    last = moments_of(piped, piped.deploy())
    assert 30 < last < MOST_MOMENTS

    for moment in moments(share, last + 1):
        version = piped.deploy()
        piped.tell(version)
        assert not lives(piped, moment), f"lived through moment {moment} of {last}"
        piped.outlive()

        assert piped.promotion(version).status is Status.SUCCEEDED, f"killed at {moment}"
        assert piped.times_released(version) == 1, f"killed at {moment}"
    assert None not in piped.outcomes()
    assert piped.held() == []


@shared_out
def test_killed_while_heroku_takes_its_time_it_is_followed_by_another(
    piped: Stage, share: int
) -> None:
    arrival(piped)
    for moment in moments(share, 60):
        version = piped.deploy()
        piped.look()
        assert piped.promotion(version).status is Status.RELEASING
        if moment % 2:
            arrive(piped)  # else it arrives once the process is dead
        piped.shift(piped.seconds(3))
        done = lives(piped, moment)
        arrive(piped)
        piped.outlive()
        assert piped.promotion(version).status is Status.SUCCEEDED, f"killed at {moment}"
        assert piped.times_released(version) == 1, f"killed at {moment}"
        if done and moment % 2:
            break
    else:
        pytest.fail("a following that never ends")
    assert piped.held() == []


@shared_out
def test_killed_with_a_post_that_was_lost_it_is_looked_for_and_never_made_twice(
    piped: Stage, share: int
) -> None:
    for moment in moments(share, 120, 3):
        piped.wire.put(wire.lost, path=PROMOTIONS)
        version = piped.deploy()
        piped.look()
        piped.shift(piped.seconds(61))
        done = lives(piped, moment)
        piped.outlive()
        # Whoever dies between the second commit and the second sending leaves it unknown.
        assert piped.promotion(version).status in (Status.SUCCEEDED, Status.ERRORED)
        assert piped.times_released(version) <= 1, f"killed at {moment}"
        if piped.held():
            piped.release_hold()
        if done:
            break
    else:
        pytest.fail("a looking that never ends")


def test_killed_in_the_rollback_of_an_image_it_goes_back_once(bare: Stage) -> None:
    bare.control(f"apps/{PROD}", {"generation": "fir"}, "PATCH")
    bare.deploy(PROD)
    bare.deploy(PROD)
    for moment in range(1, 60, 2):
        before = bare.current()
        bare.ask_rollback(to=before - 1)  # said without it, it would go no further
        done = lives(bare, moment)
        bare.outlive()
        assert bare.promotions()[-1].status is Status.ROLLED_BACK, f"killed at {moment}"
        assert bare.current() == before + 1, f"killed at {moment}"
        bare.release_hold()
        if done:
            return
    pytest.fail("a rollback that never ends")
