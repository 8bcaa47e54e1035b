"""A look: one reading of the source, its candidates, and what came of every delivery."""

from __future__ import annotations

import random

import pytest

from listener.promotion import Status
from tests.steps import wire
from tests.steps.stage import EU, PROD, STAGING, Stage


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
    assert 0 < (stage.due_in() or 0) <= 1

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


def test_a_reading_that_fails_is_tried_again_later_and_later(stage: Stage) -> None:
    stage.wire.put(wire.answers(503, applied=False), method="GET", times=2000)
    stage.tell(stage.deploy())
    stage.work()

    pauses = []
    for _ in range(8):
        pauses.append(round(stage.due_in() or 0))
        stage.age(seconds=stage.due_in() or 0)
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]


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


# Reconcile: what no webhook told.


def test_reconcile_finds_what_no_webhook_told(stage: Stage) -> None:
    version = stage.deploy()
    stage.reconcile()

    row = stage.promotion(version)
    assert (row.status, row.found_by) == (Status.SUCCEEDED, "reconcile")


def test_reconcile_comes_back_every_five_minutes(stage: Stage) -> None:
    stage.reconcile()
    version = stage.deploy()
    stage.age(minutes=4)
    assert stage.promotions() == []
    stage.age(minutes=1)

    assert stage.promotion(version).status is Status.SUCCEEDED


def test_reconcile_reads_sources_and_targets_of_rules_that_are_not_off(bare: Stage) -> None:
    bare.add_rule()
    bare.add_rule("other", source=EU, targets=(STAGING,), mode="off")
    bare.reconcile()

    read = {call.split("/")[2] for call in bare.wire.take_calls()}
    assert read == {bare.app(STAGING).id, bare.app(PROD).id}


def test_a_reconcile_during_a_look_is_followed_by_another_look(stage: Stage) -> None:
    """A look under way may have read its list already."""
    path = f"/apps/{stage.app(STAGING).id}/releases"
    stage.look_at_once(wire.before(stage.reconcile_only), path)
    assert looks(stage) == 1
    stage.work()

    assert looks(stage) == 1


def test_facts_of_apps_are_read_anew_once_an_hour(stage: Stage) -> None:
    stage.age(minutes=51)
    stage.reconcile()
    prod, staging = stage.app(PROD).id, stage.app(STAGING).id
    calls = stage.wire.take_calls()
    assert {f"GET /apps/{prod}", f"GET /apps/{staging}"} <= set(calls)

    stage.reconcile()
    assert f"GET /apps/{prod}" not in stage.wire.take_calls()
