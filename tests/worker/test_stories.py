"""How tools that promote by themselves have failed people, and how this one does not.

Each test is named for its story's number in our list of failures; what happened elsewhere stands
in its docstring. Stories of rules are in `test_stories_of_rules.py`, of health in
`test_stories_of_health.py`, of the door to webhooks in
`tests/api/test_stories.py`, of secrets in `tests/services/test_stories.py`.

Not here: 17 and 18 (values of staging baked into a slug, other buildpacks) are shown by the tests
of the parity gate; 24 (a stolen token of a third party stops every deploy) cannot happen, for
nothing but Heroku is on the way; 25 (an upgrade moves production) cannot, for a migration writes
no promotion.
"""

from __future__ import annotations

import random

import pytest

from listener.core.promotion import Status
from listener.core.rule import OnNewer
from tests.leaping import Leaping
from tests.worker import wire
from tests.worker.emulated import ANA, EU, PROD, STAGING
from tests.worker.stage import Stage
from tests.worker.wire import Killed


def promoted(stage: Stage) -> int:
    """A deploy that went to production; answers its version."""
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.SUCCEEDED
    stage.wire.take_calls()
    return version


def test_story_01_what_a_person_rolled_back_does_not_come_back(stage: Stage) -> None:
    """A person rolls production back, and minutes later automation promotes the bad build again."""
    before = stage.current()
    bad = promoted(stage)
    stage.roll_back(PROD, before)
    for _ in range(3):
        stage.reconcile()
        stage.tell(bad)
        stage.age(minutes=10)

    assert stage.runs(before, source=PROD)
    assert stage.posts_sent() == 0
    (hold,) = stage.held()
    assert "bo@example.com" in hold.reason
    stage.release_hold()
    stage.reconcile()
    assert stage.runs(before, source=PROD)


def test_story_02_the_fix_waits_in_sight_and_goes_when_the_hold_is_released(
    stage: Stage, heroku_clock: Leaping
) -> None:
    """After a rollback, the fix that everybody waits for silently never goes live."""
    before = stage.current()
    promoted(stage)
    stage.roll_back(PROD, before)
    stage.reconcile()
    heroku_clock.leap()
    fix = stage.deploy()
    stage.look()

    row = stage.promotion(fix)
    assert row.status is Status.WAITING
    assert row.reason.startswith(f"{PROD} is on hold by ")
    assert any(PROD in title for title in stage.notices())
    assert stage.release_hold() == f"v{fix} of {STAGING} goes next to {PROD}."
    stage.work()
    assert stage.runs(fix)


def test_story_03_what_was_decided_is_what_is_released(stage: Stage) -> None:
    """Between decision and promotion somebody deploys again, and what nobody tested goes live."""
    tested = stage.deploy()
    stage.wire.put(wire.before(stage.deploy))  # while our request is on its way
    stage.look()

    first = stage.ours()[0]
    assert stage.slug_of(PROD, first) == stage.slug_of(STAGING, tested)


def test_story_04_many_events_and_workers_make_one_release(stage: Stage) -> None:
    """One deploy sends several events, workers race for them, and production is deployed thrice."""
    version = stage.deploy()
    events = [f"event {number}" for number in range(4)] * 2
    random.Random(4).shuffle(events)  # noqa: S311 - any order will do
    for event in events:
        stage.tell(version, event=event)
        stage.step(owner=event)
    stage.work()

    assert (stage.times_released(version), stage.posts_sent()) == (1, 1)
    assert len(stage.promotions()) == 1


def test_story_06_what_is_there_is_not_released_again(stage: Stage) -> None:
    """Every poll finds that something should be deployed, for ever: a release each half minute."""
    version = promoted(stage)
    for _ in range(5):
        stage.reconcile()
        stage.tell(version)
        stage.age(minutes=5)
    stage.promote(version)
    stage.work()

    assert stage.posts_sent() == 0
    assert stage.promotions()[-1].status is Status.SKIPPED


def test_story_07_a_hold_counts_until_the_last_moment(stage: Stage) -> None:
    """Somebody locks production; the automatic path looked a moment before, and deploys."""
    path = f"/apps/{stage.app(PROD).id}/releases"
    stage.wire.put(wire.before(stage.put_hold), method="GET", path=path)
    version = stage.deploy()
    stage.look()
    stage.age(hours=5)

    assert stage.promotion(version).status is Status.WAITING
    assert stage.posts_sent() == 0


def test_story_08_a_retry_asks_every_gate_again(stage: Stage) -> None:
    """A deploy fails, somebody locks production meanwhile, and the retry goes through the lock."""
    stage.wire.put(wire.answers(403, applied=False))
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.FAILED
    stage.put_hold()
    stage.wire.take_calls()
    stage.desk.retry(str(stage.promotion(version).id), by=ANA)
    stage.work()

    assert stage.promotion(version).status is Status.WAITING
    assert stage.posts_sent() == 0


@pytest.mark.parametrize(
    "broken",
    [
        wire.answers(503, applied=False),
        wire.answers(200, applied=False, body="<html>"),
        wire.edited(lambda releases: [{**r, "status": "done"} for r in releases]),
        wire.edited(lambda releases: [{**r, "current": False} for r in releases]),
    ],
)
def test_story_09_what_could_not_be_found_out_is_no_yes(stage: Stage, broken: wire.Around) -> None:
    """A check that failed, was empty or could not be read counts as passed, and the build goes."""
    version = stage.deploy()
    stage.look_only()
    stage.wire.put(broken, method="GET", path=f"/apps/{stage.app(PROD).id}/releases", times=5)
    stage.work()

    row = stage.promotion(version)
    assert row.status is Status.WAITING
    assert any(gate["verdict"] == "error" for gate in row.gates)
    assert stage.posts_sent() == 0
    stage.wire.troubles.clear()
    stage.age(minutes=5)
    assert stage.promotion(version).status is Status.SUCCEEDED


def test_story_12_a_release_phase_that_fails_ends_the_way_to_the_next_app(bare: Stage) -> None:
    """The release phase fails, the script does not notice, and goes on to the next app."""
    bare.add_rule()
    bare.add_rule("on", source=PROD, targets=(EU,))
    bare.phase(PROD)
    version = bare.deploy()
    bare.look()
    bare.finish(PROD, int(bare.promotion(version).target_version or 0), "failed")
    bare.age(minutes=10)
    bare.reconcile()

    row = bare.promotion(version)
    assert (row.status, bare.runs(version, EU)) == (Status.FAILED, False)
    assert "release phase" in row.reason.lower()
    assert bare.posts_sent() == 1


@pytest.mark.parametrize("moment", [3, 7, 11, 14])
def test_story_13_what_a_dead_worker_left_is_finished_by_another(stage: Stage, moment: int) -> None:
    """A worker dies, its task runs for ever on paper, and everything behind it waits for ever."""
    version = stage.deploy()
    stage.tell(version)
    stage.mortality.die_at(moment)
    with pytest.raises(Killed):
        stage.work()
    stage.mortality.die_at(None)
    stage.outlive()

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert stage.times_released(version) == 1
    promoted(stage)


def test_story_16_each_target_has_its_own_end(bare: Stage) -> None:
    """One of several targets fails, and the promotion as a whole counts as done."""
    bare.add_rule(targets=(PROD, EU))
    eu = f"/apps/{bare.app(EU).id}/releases"
    bare.wire.put(wire.answers(422, applied=False), path=eu)
    version = bare.deploy()
    bare.look()

    assert bare.promotion(version, PROD).status is Status.SUCCEEDED
    failed = bare.promotion(version, EU)
    assert (failed.status, bare.runs(version, EU)) == (Status.FAILED, False)
    bare.desk.retry(str(failed.id), by=ANA)
    bare.work()
    assert bare.runs(version, EU)
    assert bare.times_released(version, PROD) == 1


def test_story_19_a_rollback_runs_once_and_waits_for_what_is_under_way(stage: Stage) -> None:
    """A rollback runs twice and lands two releases back, or is refused while a deploy runs."""
    before = stage.current()
    promoted(stage)
    stage.phase(PROD)
    running = stage.deploy(PROD, user="bo@example.com")
    stage.ask_rollback(before)
    stage.ask_rollback(before)
    stage.work()
    assert stage.posts_sent() == 0
    assert stage.promotions()[-1].status is Status.WAITING

    stage.finish(PROD, running, "failed")
    stage.phase(PROD, none=True)
    stage.age(seconds=15)
    assert stage.runs(before, source=PROD)
    assert stage.posts_sent() == 1
    assert [row.status for row in stage.promotions()][-1] is Status.ROLLED_BACK


def test_story_21_each_release_soaks_by_its_own_clock(bare: Stage) -> None:
    """Deploys come faster than the soak time, each begins it anew, and nothing ever goes."""
    bare.add_rule(on_newer=OnNewer.KEEP, conditions={"soak": "30m"})
    versions = []
    for _ in range(6):
        versions.append(bare.deploy())
        bare.look()
        bare.age(minutes=10)

    gone = [version for version in versions if bare.times_released(version)]
    assert gone == versions[:4]
    assert bare.promotion(versions[4]).due_at is not None
    assert bare.promotion_due_in(versions[4]) <= 10 * 60
