"""An acknowledged delivery: what comes of it, however long Heroku cannot be read."""

from __future__ import annotations

from listener.core.promotion import Status
from listener.services.replay import replay
from tests.worker import wire
from tests.worker.emulated import EU, PROD, STAGING
from tests.worker.stage import Stage


def test_errors_of_heroku_never_settle_a_delivery_before_a_day(stage: Stage) -> None:
    stage.wire.put(wire.answers(503, applied=False), method="GET", times=2000)
    version = stage.deploy()
    stage.tell(version)
    stage.work()
    stage.age(hours=23)
    assert stage.outcomes() == [None]
    stage.wire.troubles.clear()
    stage.age(minutes=6)

    assert stage.statuses() == [Status.SUCCEEDED]


def test_errors_of_heroku_for_a_day_settle_it_as_given_up(stage: Stage) -> None:
    stage.wire.put(wire.answers(503, applied=False), method="GET", times=2000)
    stage.tell(stage.deploy())
    stage.work()
    stage.age(hours=25)

    (outcome,) = stage.outcomes()
    assert str(outcome).startswith("given up: Heroku could not be read")


def test_what_was_given_up_and_is_asked_again_bears_errors_for_another_day(stage: Stage) -> None:
    stage.wire.put(wire.answers(503, applied=False), method="GET", times=2000)
    stage.tell(stage.deploy())
    stage.work()
    stage.age(hours=25)
    replay(stage.context, "1", by="ana@example.com")
    stage.age(hours=23)
    assert stage.outcomes() == [None]
    stage.age(hours=2)

    (outcome,) = stage.outcomes()
    assert str(outcome).startswith("given up: Heroku could not be read")


def test_a_reading_that_fails_is_tried_again_later_and_later(stage: Stage) -> None:
    stage.wire.put(wire.answers(503, applied=False), method="GET", times=2000)
    stage.tell(stage.deploy())
    stage.work()

    for pause in (5, 10, 20, 40, 80, 160, 300, 300):
        assert stage.is_put_off(pause)
        stage.age(seconds=stage.due_in() or 0)


def test_only_versions_above_the_baseline_count(bare: Stage) -> None:
    before = bare.deploy()
    bare.add_rule()
    bare.tell(before)
    bare.look()

    assert bare.promotions() == []
    assert bare.outcomes() == [f"ignored: v{before} is a deploy, but below every baseline"]


def test_without_a_rule_a_delivery_is_settled_without_a_call(stage: Stage) -> None:
    stage.change_rule(mode="off")
    stage.work()
    stage.wire.take_calls()
    stage.tell(stage.deploy())
    stage.work()

    assert stage.outcomes() == [
        f"ignored: no rule that is armed or in shadow promotes from {STAGING}"
    ]
    assert stage.wire.take_calls() == []


def test_what_is_about_something_else_is_settled(stage: Stage) -> None:
    stage.tell(1, resource="dyno")
    stage.work()
    assert stage.outcomes() == ["ignored: about dyno else"]


def test_a_body_that_heroku_confirms_saves_the_reading_of_the_slug(stage: Stage) -> None:
    stage.tell(stage.deploy(), stack="heroku-24", commit="c0ffee")
    stage.work()

    assert stage.promotions()[-1].commit == "c0ffee"
    assert not [call for call in stage.wire.take_calls() if "/slugs/" in call]


def test_a_body_that_names_another_slug_is_not_believed(stage: Stage) -> None:
    version = stage.deploy()
    stage.tell(version, stack="heroku-18", commit="c0ffee", artifact="another")
    stage.work()

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert stage.promotion(version).commit != "c0ffee"


def test_a_delivery_that_comes_while_the_app_is_looked_at_is_looked_at_too(stage: Stage) -> None:
    first = stage.deploy()
    path = f"/apps/{stage.app(STAGING).id}/releases"
    later: list[int] = []

    def meanwhile() -> None:
        later.append(stage.deploy())
        stage.tell(later[0])

    stage.wire.put(wire.after(meanwhile), method="GET", path=path)
    stage.tell(first)
    stage.work()

    assert None not in stage.outcomes()
    assert stage.runs(later[0])


def test_a_source_that_feeds_two_targets_makes_two_candidates(bare: Stage) -> None:
    bare.add_rule(targets=(PROD, EU))
    version = bare.deploy()
    bare.tell(version)
    bare.work()

    assert {row.target_id for row in bare.promotions()} == {bare.app(PROD).id, bare.app(EU).id}
    assert bare.outcomes() == [f"v{version} is a deploy: promotion 1, 2"]
