"""From staging over one app to the next: only what ended well goes on."""

from __future__ import annotations

import pytest

from listener.core.promotion import Status
from tests.worker import wire
from tests.worker.emulated import ANA, EU, PROD
from tests.worker.stage import Stage

CANARY = "acme-canary"


@pytest.fixture
def chain(bare: Stage) -> Stage:
    """Staging to production, and production to Europe."""
    bare.add_rule()
    bare.add_rule("on", source=PROD, targets=(EU,))
    return bare


def test_what_succeeded_on_one_app_goes_on_to_the_next(chain: Stage) -> None:
    version = chain.deploy()
    chain.look()

    assert chain.runs(version, PROD)
    assert chain.runs(version, EU)
    assert chain.statuses() == [Status.SUCCEEDED, Status.SUCCEEDED]


def test_the_source_is_looked_at_without_any_webhook(chain: Stage) -> None:
    version = chain.deploy()
    chain.tell(version)
    chain.work()

    assert chain.runs(version, EU)


def test_released_alone_is_not_succeeded(chain: Stage) -> None:
    """Our promotion onto the source is in doubt, while its release shows already."""
    chain.wire.put(wire.answer_lost)
    path = f"/apps/{chain.app(PROD).id}/releases"
    version = chain.deploy()
    seen: list[Status] = []

    def look() -> None:
        chain.look(PROD)
        seen.extend(row.status for row in chain.promotions() if row.source_id == prod)

    prod = chain.app(PROD).id
    chain.look_only()
    chain.step_until(Status.POSTING)
    chain.wire.put(wire.before(look), method="GET", path=path)
    chain.work()

    assert seen == [Status.WAITING]
    assert chain.runs(version, EU)
    assert chain.posts_sent() == 2


def test_a_release_phase_that_fails_on_the_source_ends_the_chain(chain: Stage) -> None:
    chain.phase(PROD)
    version = chain.deploy()
    chain.look()
    chain.finish(PROD, int(chain.promotion(version).target_version or 0), "failed")
    chain.age(seconds=2)

    assert chain.statuses() == [Status.FAILED]
    assert not chain.runs(version, EU)


def test_a_hotfix_on_the_source_of_a_chain_goes_on_from_there(chain: Stage) -> None:
    hotfix = chain.hotfix(PROD)
    chain.look(PROD)

    assert chain.runs(hotfix, EU, source=PROD)
    assert len(chain.held(PROD)) == 1


def test_a_rollback_of_ours_on_the_source_may_be_promoted_by_hand(stage: Stage) -> None:
    """It is no promotion that failed to succeed."""
    before = stage.current(PROD)
    stage.deploy()
    stage.look()
    stage.ask_rollback(before)
    stage.work()
    stage.promote(None, EU, source=PROD)
    stage.work()

    assert stage.promotions()[-1].status is Status.SUCCEEDED
    assert stage.runs(before, EU, source=PROD)


@pytest.fixture
def soaking(bare: Stage) -> Stage:
    """Staging to a canary after half an hour, the canary to production after two hours there."""
    bare.make_app(CANARY)
    bare.add_rule("canary", targets=(CANARY,), conditions={"soak": "30m"})
    asked = {"soak": "2h", "authors": [ANA]}
    bare.add_rule("ship", source=CANARY, targets=(PROD,), conditions=asked)
    return bare


def test_each_link_of_a_chain_soaks_by_its_own_clock(soaking: Stage) -> None:
    """And the author is whoever deployed to staging, not the robot that promoted from there."""
    version = soaking.deploy()
    soaking.look()
    soaking.age(minutes=29)
    assert not soaking.runs(version, CANARY)
    soaking.age(minutes=1)
    assert soaking.runs(version, CANARY)
    waits = soaking.promotions()[-1]
    assert (waits.status, waits.author) == (Status.WAITING, ANA)
    assert waits.reason == f"{CANARY} v{soaking.current(CANARY)} soaks for 2h."
    soaking.age(minutes=119)
    assert not soaking.runs(version, PROD)
    soaking.age(minutes=1)

    assert soaking.runs(version, PROD)
    assert soaking.statuses() == [Status.SUCCEEDED, Status.SUCCEEDED]


def test_what_was_rolled_back_from_the_canary_goes_no_further(soaking: Stage) -> None:
    before = soaking.current(CANARY)
    version = soaking.deploy()
    soaking.look()
    soaking.age(minutes=30)
    soaking.roll_back(CANARY, before)
    soaking.age(hours=2)

    assert soaking.promotions()[-1].status is Status.SUPERSEDED
    assert not soaking.runs(version, PROD)
    soaking.reconcile()
    assert len(soaking.held(CANARY)) == 1


def test_a_newer_release_takes_the_place_of_the_older_link_by_link(soaking: Stage) -> None:
    older = soaking.deploy()
    soaking.look()
    soaking.age(minutes=30)
    newer = soaking.deploy()
    soaking.look()
    soaking.age(minutes=30)
    assert soaking.runs(newer, CANARY)
    soaking.age(hours=2)

    assert soaking.runs(newer, PROD)
    assert soaking.times_released(older, PROD) == 0
