"""Pipeline promotions that others see before we know them, or that turn up late."""

from __future__ import annotations

import pytest

from listener.core.promotion import Status
from listener.core.rule import Strategy
from tests.worker import wire
from tests.worker.emulated import EU, PROD, ROBOT
from tests.worker.pipes import (
    PROMOTIONS,
    TARGETS,
    arrival,
    arrive,
    by_pipeline,
    couple,
    lose,
    promote_late,
)
from tests.worker.stage import Stage


@pytest.fixture
def piped(bare: Stage) -> Stage:
    """Staging and production in one pipeline, and a rule that promotes by it."""
    return by_pipeline(bare)


# Nobody takes our own release for a stranger's.


@pytest.mark.parametrize("while_", ["doubted", "followed"])
def test_a_release_under_way_puts_no_hold(piped: Stage, while_: str) -> None:
    """Whoever reads the target meanwhile knows it, though Heroku shows our descriptions."""
    piped.change_rule(strategy=Strategy.SLUG)
    piped.deploy()
    piped.look()
    piped.change_rule(strategy=Strategy.PIPELINE)
    if while_ == "doubted":
        version = lose(piped)
        promote_late(piped)
        piped.configure(PROD)
    else:
        piped.wire.put(wire.answers(503, applied=False), method="GET", path=TARGETS, times=9)
        arrival(piped)
        version = piped.deploy()
        piped.look()
        arrive(piped)
        piped.configure(PROD)
    piped.reconcile_only()
    piped.step(piped.looking)
    piped.step(piped.looking)
    assert piped.held() == []
    piped.wire.troubles.clear()
    piped.age(seconds=61)
    assert piped.promotion(version).status is Status.SUCCEEDED
    assert piped.times_released(version) == 2  # ours, and the config change


def test_what_a_person_did_meanwhile_still_puts_a_hold(piped: Stage) -> None:
    version = lose(piped)
    piped.hotfix()
    piped.reconcile_only()
    piped.step(piped.looking)
    piped.step(piped.looking)

    assert [hold.kind for hold in piped.held()] == ["detected"]
    assert piped.promotion(version).status is Status.POSTING


def given_up(stage: Stage) -> int:
    """A promotion that was sent twice in vain, and its hold released."""
    version = lose(stage)
    stage.wire.put(wire.lost, path=PROMOTIONS)
    stage.age(seconds=61)
    stage.age(seconds=61)
    stage.release_hold()
    return version


def test_a_release_that_turns_up_late_is_ours_and_told(piped: Stage) -> None:
    version = given_up(piped)
    promote_late(piped)
    piped.reconcile()
    piped.configure(PROD)
    piped.reconcile()

    assert piped.promotion(version).status is Status.ERRORED
    assert piped.held() == []
    assert piped.notices()[-1] == f"A late release on {PROD}"
    assert piped.notices().count(f"A late release on {PROD}") == 1
    assert [post.outcome for post in piped.posts()] == ["late"]


def test_a_late_release_that_is_not_known_to_be_newer_puts_a_hold(piped: Stage) -> None:
    given_up(piped)
    slug = piped.posts()[-1].artifact
    newer = piped.deploy()
    piped.look()
    assert piped.runs(newer)
    piped.hotfix()
    piped.reconcile()
    piped.release_hold()
    piped.deploy(PROD, slug_id=slug, description="Promote acme-staging v4", user=ROBOT)
    piped.reconcile()

    (hold,) = piped.held()
    assert "had been given up" in hold.reason
    assert "Or somebody did" in hold.reason


def test_a_day_later_it_is_somebodys_doing(piped: Stage) -> None:
    given_up(piped)
    piped.shift(piped.seconds(25 * 3600))
    promote_late(piped)
    piped.reconcile()

    assert f"A late release on {PROD}" not in piped.notices()
    assert piped.held() == []  # promoted forward by hand


def test_a_config_change_after_all_is_no_late_release(piped: Stage) -> None:
    version = given_up(piped)
    piped.control(f"apps/{PROD}", {"owner": ROBOT}, "PATCH")  # who will set config vars
    piped.desk.retry(str(piped.promotion(version).id), by="ana@example.com")
    piped.age(seconds=1)
    assert piped.promotion(version).status is Status.SUCCEEDED
    piped.configure(PROD)
    piped.reconcile()

    assert f"A late release on {PROD}" not in piped.notices()


# In a chain.


def test_released_alone_is_not_succeeded_where_no_nonce_tells(bare: Stage) -> None:
    """Our promotion onto the source is in doubt, while its release shows already."""
    couple(bare)
    bare.add_rule(strategy=Strategy.PIPELINE)
    bare.add_rule("on", source=PROD, targets=(EU,))
    bare.wire.put(wire.answer_lost, path=PROMOTIONS)
    path, seen = f"/apps/{bare.app(PROD).id}/releases", list[Status]()
    version = bare.deploy()

    def look() -> None:
        bare.look(PROD)
        seen.extend(row.status for row in bare.promotions() if row.source_id == prod)

    prod = bare.app(PROD).id
    bare.look_only()
    bare.step_until(Status.POSTING)
    bare.wire.put(wire.before(look), method="GET", path=path)
    bare.work()

    assert seen == [Status.WAITING]
    assert bare.runs(version, EU)
