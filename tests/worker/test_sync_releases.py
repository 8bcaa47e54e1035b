"""A look: one reading of the source, its candidates, and what came of every delivery."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from listener.core.promotion import Status
from listener.db.queue import LEASE
from listener.worker import candidates
from tests.worker import wire
from tests.worker.emulated import EU, PROD, STAGING
from tests.worker.stage import Stage
from tests.worker.test_tell_costs import counted


def looks(stage: Stage) -> int:
    """How often the source's list was read since the last time."""
    path = f"GET /apps/{stage.app(STAGING).id}/releases"
    return stage.wire.take_calls().count(path)


@pytest.mark.parametrize("seed", range(4))
def test_a_burst_of_events_repeated_and_shuffled_gives_one_candidate(
    stage: Stage, seed: int
) -> None:
    events = ["create", "update", "update again", "update once more"][: 2 + seed % 3] * 2
    random.Random(seed).shuffle(events)  # noqa: S311 - dice need not be fair
    version = stage.deploy()
    for event in events:
        stage.tell(version, event=event)
        if seed % 2:
            stage.work()
    stage.work()

    assert stage.statuses() == [Status.SUCCEEDED]
    number = stage.promotion(version).id
    assert set(stage.outcomes()) == {f"v{version} is a deploy: promotion {number}"}
    assert stage.times_released(version) == 1


def test_a_burst_costs_one_reading_of_the_source(stage: Stage) -> None:
    version = stage.deploy()
    for event in ("create", "update", "update again"):
        stage.tell(version, event=event, stack="heroku-24")
    stage.work()
    assert looks(stage) == 1


def test_an_event_about_a_release_known_as_succeeded_costs_no_call(stage: Stage) -> None:
    version = stage.deploy()
    stage.tell(version)
    stage.work()
    stage.wire.take_calls()
    stage.tell(version, event="late")
    stage.work()

    assert stage.wire.take_calls() == []
    assert None not in stage.outcomes()


def test_an_event_about_a_release_known_as_failed_costs_no_call(stage: Stage) -> None:
    stage.phase(STAGING)
    version = stage.deploy()
    stage.finish(STAGING, version, "failed")
    stage.tell(version)
    stage.work()
    stage.wire.take_calls()
    stage.tell(version, event="late")
    stage.work()

    assert stage.wire.take_calls() == []
    assert stage.outcomes() == [f"ignored: v{version} failed"] * 2


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("config", {"FOO": "bar"}, "ignored: config change, slug unchanged since v3"),
        ("addons", {"plan": "heroku-redis:mini"}, "ignored: add-on change, slug unchanged"),
        ("retries", {"release": 3}, "ignored: retry, slug unchanged since v3"),
        ("rollbacks", {"release": 3}, "ignored: v5 is a rollback to the slug of v3"),
    ],
    ids=["config", "add-on", "retry", "rollback"],
)
def test_what_brings_no_new_code_makes_no_candidate(
    stage: Stage, path: str, body: dict[str, object], words: str
) -> None:
    if path == "rollbacks":
        stage.deploy()
        stage.look()
    before = len(stage.promotions())
    version = stage.control(f"apps/{STAGING}/{path}", body)["version"]
    stage.tell(version)
    stage.work()

    (outcome,) = stage.outcomes()
    assert str(outcome).startswith(words)
    assert len(stage.promotions()) == before


def test_a_release_without_any_code_is_settled_at_once(bare: Stage) -> None:
    bare.control("apps", {"name": "acme-new", "owner": "ana@example.com"})
    bare.add_rule(source="acme-new", targets=(EU,))
    version = bare.configure("acme-new")
    bare.tell(version, "acme-new")
    bare.work()

    assert bare.outcomes() == ["ignored: config change, no slug"]
    assert bare.promotions() == []
    bare.wire.take_calls()
    bare.age(minutes=2)
    assert bare.wire.take_calls() == []


def test_a_webhook_that_outruns_the_list_is_looked_at_again(stage: Stage) -> None:
    version = stage.current(STAGING) + 1
    stage.tell(version)
    stage.work()
    assert stage.outcomes() == [None]
    assert stage.is_put_off(1)

    stage.deploy()
    stage.age(seconds=1)
    assert stage.statuses() == [Status.SUCCEEDED]
    assert None not in stage.outcomes()


def test_a_release_that_never_shows_is_given_up_after_ten_minutes(stage: Stage) -> None:
    stage.tell(99)
    stage.work()
    stage.age(minutes=9)
    assert stage.outcomes() == [None]
    stage.age(minutes=2)

    assert stage.outcomes() == [f"ignored: {STAGING} shows no release v99"]


def test_a_pending_release_is_looked_at_until_it_succeeds(stage: Stage) -> None:
    stage.phase(STAGING)
    version = stage.deploy()
    stage.tell(version)
    stage.work()
    assert (stage.outcomes(), stage.promotions()) == ([None], [])
    stage.finish(STAGING, version)
    stage.age(seconds=2)

    assert stage.statuses() == [Status.SUCCEEDED]
    assert stage.outcomes() == [f"v{version} is a deploy: promotion 1"]


def test_a_pending_release_that_was_never_told_is_looked_at_as_well(stage: Stage) -> None:
    stage.phase(STAGING)
    version = stage.deploy()
    stage.look()
    stage.finish(STAGING, version)
    stage.age(seconds=2)

    assert stage.statuses() == [Status.SUCCEEDED]


def test_a_release_that_stays_pending_is_given_up_after_75_minutes(stage: Stage) -> None:
    stage.phase(STAGING)
    version = stage.deploy()
    stage.tell(version)
    stage.work()
    stage.age(minutes=74)
    assert stage.outcomes() == [None]
    stage.age(minutes=2)

    assert stage.outcomes() == [f"ignored: v{version} stayed pending"]


def test_a_failed_release_phase_that_is_retried_is_the_deploy(stage: Stage) -> None:
    stage.phase(STAGING)
    failed = stage.deploy()
    stage.finish(STAGING, failed, "failed")
    stage.tell(failed)
    stage.work()
    assert stage.promotions() == []

    stage.phase(STAGING, none=True)
    retried = stage.control(f"apps/{STAGING}/retries", {"release": failed})["version"]
    stage.tell(retried)
    stage.work()
    assert stage.promotion(retried).status is Status.SUCCEEDED
    assert stage.runs(failed)


def break_the_list_of_the_target(stage: Stage, _: pytest.MonkeyPatch) -> None:
    """Have the target's list be something that nobody thought of."""
    path = f"/apps/{stage.app(PROD).id}/releases"
    stage.wire.put(wire.before(breaks), method="GET", path=path, times=10)


def break_the_facts(_: Stage, broken: pytest.MonkeyPatch) -> None:
    """Have what is gathered break."""
    broken.setattr(candidates, "_assemble", breaks)


def breaks(*_: object) -> None:
    """Break."""
    raise ZeroDivisionError


@pytest.mark.parametrize("break_it", [break_the_list_of_the_target, break_the_facts])
def test_what_breaks_of_the_target_breaks_one_look_and_then_its_promotion_alone(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    break_it: Callable[[Stage, pytest.MonkeyPatch], None],
) -> None:
    version = stage.deploy()
    stage.tell(version, stack="heroku-24")
    with monkeypatch.context() as broken:
        break_it(stage, broken)
        with pytest.raises(ZeroDivisionError):
            stage.work()
        assert stage.promotions() == []

        stage.shift(LEASE)
        assert stage.step(stage.looking)
        number = stage.promotion(version).id
        assert stage.outcomes() == [f"v{version} is a deploy: promotion {number}"]
        with pytest.raises(ZeroDivisionError):
            stage.work()

    stage.wire.troubles.clear()
    stage.outlive()
    assert stage.statuses() == [Status.SUCCEEDED]
    assert stage.times_released(version) == 1


def test_its_two_apps_are_locked_four_times_on_the_way_of_a_deploy(stage: Stage) -> None:
    version = stage.deploy()
    stage.tell(version, stack="heroku-24")
    with counted(stage) as sent:
        stage.work()
    locked = [each for each in sent if each.endswith("app.id) FOR NO KEY UPDATE")]
    # The source and its target as the look concludes, then the target for the post and the end.
    assert len(locked) == 4
    assert stage.statuses() == [Status.SUCCEEDED]
