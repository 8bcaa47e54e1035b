"""What a waiting promotion comes to: it goes on waiting, it goes, or it ends without a release."""

from __future__ import annotations

from dataclasses import replace

import pytest

from listener.core.promotion import Status
from listener.core.rule import Mode
from listener.db import apps
from tests.worker import wire
from tests.worker.emulated import EU, PROD, STAGING
from tests.worker.stage import Stage


def find(stage: Stage) -> int:
    """A deploy that was found and waits to be evaluated; answers its version."""
    version = stage.deploy()
    stage.tell(version, stack="heroku-24")
    while not any(row.version == version for row in stage.promotions()):
        assert stage.step(stage.looking)
    return version


# 6, 7, 8, 9, 10: it ends without a release.


def test_a_container_target_is_rejected(bare: Stage) -> None:
    bare.control("apps", {"name": "acme-box", "owner": "ana@example.com"})
    bare.add_rule(targets=("acme-box",))
    bare.control("apps/acme-box", {"container": True}, "PATCH")  # rules:add refuses one that is
    with bare.database.begin() as conn:
        apps.forget_facts(conn, bare.app("acme-box").id)
    version = bare.deploy()
    bare.look()

    row = bare.promotion(version, "acme-box")
    assert row.status is Status.REJECTED
    assert "container" in row.reason


def test_another_stack_is_waited_for_and_says_what_to_do(bare: Stage) -> None:
    # This season's usual state: staging moved on, production did not yet.
    bare.control(f"apps/{STAGING}", {"stack": "heroku-26"}, "PATCH")
    bare.deploy(PROD)
    bare.add_rule()
    version = bare.deploy()
    bare.look()

    row = bare.promotion(version)
    assert (row.status, bare.posts_sent()) == (Status.WAITING, 0)
    assert f"heroku stack:set heroku-26 -a {PROD}" in row.reason

    bare.control(f"apps/{PROD}", {"stack": "heroku-26"}, "PATCH")
    bare.age(minutes=2)

    assert bare.promotion(version).status is Status.SUCCEEDED
    assert bare.runs(version)


def test_a_newer_deploy_takes_the_place_of_what_waits_for_its_stack(bare: Stage) -> None:
    bare.control(f"apps/{STAGING}", {"stack": "heroku-26"}, "PATCH")
    bare.deploy(PROD)
    bare.add_rule()
    first = bare.deploy()
    bare.look()
    second = bare.deploy()
    bare.look()

    assert bare.promotion(first).status is Status.SUPERSEDED
    assert bare.promotion(second).status is Status.WAITING


def test_an_app_that_the_settings_do_not_name_is_rejected(stage: Stage) -> None:
    stage.context = replace(stage.context, allowed_apps=("acme-staging",))
    version = stage.deploy()
    stage.look()

    assert stage.promotion(version).status is Status.REJECTED


def test_what_production_was_rolled_back_from_never_returns_by_itself(stage: Stage) -> None:
    before = stage.current()
    version = stage.deploy()
    stage.look()
    stage.roll_back(PROD, before)
    stage.reconcile()
    stage.release_hold()
    stage.add_rule("again")
    with stage.database.begin() as conn:
        conn.exec_driver_sql("UPDATE rule_target SET baseline = 3")  # as a lost database had it
        conn.exec_driver_sql("UPDATE release SET is_decided = false")
    stage.look()

    assert stage.promotions()[-1].version == version
    assert stage.promotions()[-1].status is Status.REJECTED
    assert "left it" in stage.promotions()[-1].reason
    assert len(stage.ours()) == 1


def test_only_promote_by_hand_brings_back_what_production_left(stage: Stage) -> None:
    before = stage.current()
    version = stage.deploy()
    stage.look()
    stage.roll_back(PROD, before)
    stage.reconcile()
    stage.release_hold()
    stage.promote(version)
    stage.work()

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert stage.runs(version)


def test_a_target_that_runs_newer_code_supersedes_it(stage: Stage) -> None:
    stage.put_hold()
    stage.change_rule(on_newer="keep")
    older = stage.deploy()
    stage.look()
    newer = stage.deploy()
    stage.promote_by_dashboard(PROD, newer)
    stage.look()
    stage.release_hold()
    stage.work()

    assert stage.promotion(older).status is Status.SUPERSEDED
    assert stage.promotion(newer).status is Status.SKIPPED
    assert stage.posts_sent() == 0


def test_a_source_that_was_rolled_back_supersedes_it(stage: Stage) -> None:
    before = stage.current(STAGING)
    stage.put_hold()
    version = stage.deploy()
    stage.look()
    stage.roll_back(STAGING, before)
    stage.shift(stage.seconds(3))
    stage.release_hold()
    stage.work()

    row = stage.promotion(version)
    assert row.status is Status.SUPERSEDED
    assert "rolled back by bo@example.com" in row.reason


def test_a_removed_rule_cancels_what_waits(stage: Stage) -> None:
    stage.put_hold()
    version = stage.deploy()
    stage.look()
    stage.rules.remove("ship", by="ana@example.com")
    stage.release_hold()
    stage.work()

    assert stage.promotion(version).status is Status.CANCELLED


def test_a_shadow_rule_decides_and_promotes_nothing(bare: Stage) -> None:
    bare.add_rule(mode=Mode.SHADOW)
    version = bare.deploy()
    bare.look()

    row = bare.promotion(version)
    assert row.status is Status.SHADOWED
    assert {gate["verdict"] for gate in row.gates} == {"pass"}
    assert bare.posts_sent() == 0


def test_a_shadow_rule_says_what_would_have_kept_it(bare: Stage) -> None:
    bare.add_rule(mode=Mode.SHADOW)
    bare.put_hold()
    version = bare.deploy()
    bare.look()

    assert bare.promotion(version).status is Status.WAITING
    assert "launch day" in bare.promotion(version).reason


def test_a_rule_armed_meanwhile_acts_from_the_next_release_on(bare: Stage) -> None:
    bare.add_rule(mode=Mode.SHADOW)
    bare.put_hold()
    shadowed = bare.deploy()
    bare.look()
    bare.change_rule(mode=Mode.ARMED)
    bare.release_hold()
    bare.work()
    assert bare.promotion(shadowed).status is Status.CANCELLED

    version = bare.deploy()
    bare.look()
    assert bare.promotion(version).status is Status.SUCCEEDED
    assert len(bare.ours()) == 1


# 11 and 12: one at a time, and no endless trying.


def test_one_at_a_time_on_a_target_naming_who_is_at_work(stage: Stage) -> None:
    stage.phase(PROD)
    first = stage.deploy()
    stage.look()
    second = stage.deploy()
    stage.look()

    row = stage.promotion(second)
    assert row.status is Status.WAITING
    assert row.reason == (
        f"Promotion {stage.promotion(first).id} is at work on {PROD} (releasing)."
    )
    assert len(stage.ours()) == 1


def test_the_end_of_one_wakes_the_next(stage: Stage) -> None:
    stage.phase(PROD)
    first = stage.deploy()
    stage.look()
    second = stage.deploy()
    stage.look()
    stage.phase(PROD, none=True)
    stage.finish(PROD, int(stage.promotion(first).target_version or 0))
    stage.age(seconds=1)

    assert stage.statuses() == [Status.SUCCEEDED, Status.SUCCEEDED]
    assert stage.runs(second)


def test_two_rules_for_the_same_apps_release_once(stage: Stage) -> None:
    stage.add_rule("twin")
    version = stage.deploy()
    stage.look()

    assert sorted(stage.statuses()) == [Status.SKIPPED, Status.SUCCEEDED]
    assert stage.times_released(version) == 1


def test_targets_do_not_wait_for_each_other(bare: Stage) -> None:
    bare.add_rule(targets=(PROD, EU))
    bare.put_hold(PROD)
    version = bare.deploy()
    bare.look()

    assert bare.promotion(version, PROD).status is Status.WAITING
    assert bare.promotion(version, EU).status is Status.SUCCEEDED


def test_twenty_claims_without_a_write_end_as_errored(stage: Stage) -> None:
    version = find(stage)
    with stage.database.begin() as conn:
        conn.exec_driver_sql("UPDATE promotion SET attempt = 19")
    stage.mortality.die_at(1)
    with pytest.raises(wire.Killed):
        stage.work()
    stage.mortality.die_at(None)
    assert stage.promotion(version).attempt == 20
    stage.shift(stage.seconds(31))
    stage.work()

    row = stage.promotion(version)
    assert row.status is Status.ERRORED
    assert "20 tries" in row.reason
    assert stage.posts_sent() == 0
