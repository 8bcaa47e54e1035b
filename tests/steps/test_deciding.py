"""What a waiting promotion comes to: it goes on waiting, it goes, or it ends without a release."""

from __future__ import annotations

from dataclasses import replace

import pytest

from listener.promotion import Status
from listener.rules import Mode
from tests.steps import wire
from tests.steps.stage import EU, PROD, STAGING, Stage

LIST = "/apps/[^/]+/releases"


def down(stage: Stage, status: int = 503, times: int = 500, path: str = ".*") -> None:
    """Heroku answers so to every read."""
    around = wire.answers(status, applied=False)
    stage.wire.put(around, method="GET", path=path, times=times)


def find(stage: Stage) -> int:
    """A deploy that was found and waits to be evaluated; answers its version."""
    version = stage.deploy()
    stage.tell(version, stack="heroku-24")
    while not any(row.version == version for row in stage.promotions()):
        assert stage.step(stage.looking)
    return version


# 4: a gate waits or errs.


def test_waits_while_somebody_else_releases_there(stage: Stage) -> None:
    stage.phase(PROD)
    pending = stage.hotfix()
    version = stage.deploy()
    stage.look()

    row = stage.promotion(version)
    assert row.status is Status.WAITING
    assert f"releasing v{pending}" in row.reason
    assert 10 < (stage.due_in() or 0) <= 15
    assert stage.posts_sent() == 0


def test_goes_when_the_release_of_somebody_else_failed(stage: Stage) -> None:
    stage.phase(PROD)
    pending = stage.hotfix()
    version = stage.deploy()
    stage.look()
    stage.finish(PROD, pending, "failed")
    stage.phase(PROD, none=True)
    stage.age(seconds=15)

    assert stage.promotion(version).status is Status.SUCCEEDED


def test_does_not_wait_for_a_release_pending_for_more_than_75_minutes(stage: Stage) -> None:
    stage.phase(PROD)
    stage.hotfix()
    version = stage.deploy()
    stage.look()
    stage.phase(PROD, none=True)
    stage.age(minutes=76)

    assert stage.promotion(version).status is Status.SUCCEEDED


@pytest.mark.parametrize("status", [401, 402, 403, 429, 500, 503])
def test_reads_that_fail_keep_it_waiting_with_the_error_as_verdict(
    stage: Stage, status: int
) -> None:
    version = find(stage)
    down(stage, status)
    stage.shift(stage.seconds(3))
    stage.work()

    row = stage.promotion(version)
    assert row.status is Status.WAITING
    assert [(gate["name"], gate["verdict"]) for gate in row.gates] == [("heroku", "error")]
    assert "Heroku's words." in row.reason
    assert stage.posts_sent() == 0


def test_errors_back_off_from_five_seconds_to_five_minutes(stage: Stage) -> None:
    find(stage)
    down(stage)
    stage.shift(stage.seconds(3))
    stage.work()

    pauses = []
    for _ in range(12):
        pauses.append(round(stage.due_in() or 0))
        stage.age(seconds=stage.due_in() or 0)
    assert pauses[0] == 5
    assert pauses == sorted(pauses)
    assert pauses[-1] == 300


def test_errors_for_24_hours_end_as_errored(stage: Stage) -> None:
    version = find(stage)
    down(stage, times=2000)
    stage.shift(stage.seconds(3))
    stage.work()
    stage.age(hours=23)
    assert stage.promotion(version).status is Status.WAITING
    stage.age(hours=2)

    assert stage.promotion(version).status is Status.ERRORED
    assert stage.held() == []


def test_errors_long_ago_do_not_count(stage: Stage) -> None:
    version = find(stage)
    down(stage, times=1)
    stage.shift(stage.seconds(3))
    stage.work()
    stage.put_hold()
    stage.age(hours=20)
    down(stage, times=1)
    stage.age(hours=20)

    assert stage.promotion(version).status is Status.WAITING
    assert "launch day" in stage.promotion(version).reason


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("app", [STAGING, PROD])
def test_an_app_that_is_gone_ends_as_rejected(stage: Stage, status: int, app: str) -> None:
    version = find(stage)
    down(stage, status, path=f"/apps/{stage.app(app).id}/.*")
    stage.shift(stage.seconds(3))
    stage.work()

    assert stage.promotion(version).status is Status.REJECTED


def test_a_list_without_a_current_release_is_an_error(stage: Stage) -> None:
    def nothing_runs(found: list[dict[str, object]]) -> list[dict[str, object]]:
        return [{**release, "current": False} for release in found]

    version = find(stage)
    stage.wire.put(wire.edited(nothing_runs), method="GET", path=LIST, times=9)
    stage.shift(stage.seconds(3))
    stage.work()

    assert stage.promotion(version).status is Status.WAITING
    assert "no current release" in stage.promotion(version).reason


def test_a_list_that_shows_other_code_than_was_found_is_an_error(stage: Stage) -> None:
    version = find(stage)

    def other_code(found: list[dict[str, object]]) -> list[dict[str, object]]:
        slug = {"id": "01234567-89ab-cdef-0123-456789abcdef"}
        return [{**r, "slug": slug} if r["version"] == version else r for r in found]

    path = f"/apps/{stage.app(STAGING).id}/releases"
    stage.wire.put(wire.edited(other_code), method="GET", path=path, times=9)
    stage.shift(stage.seconds(3))
    stage.work()

    assert stage.promotion(version).status is Status.WAITING
    assert "other code" in stage.promotion(version).reason
    assert stage.posts_sent() == 0


# 6, 7, 8, 9, 10: it ends without a release.


def test_a_container_target_is_rejected(bare: Stage) -> None:
    bare.control("apps", {"name": "acme-box", "owner": "ana@example.com", "container": True})
    bare.deploy("acme-box")
    bare.add_rule(targets=("acme-box",))
    version = bare.deploy()
    bare.look()

    row = bare.promotion(version, "acme-box")
    assert row.status is Status.REJECTED
    assert "container" in row.reason


def test_another_stack_is_rejected_and_says_what_to_do(bare: Stage) -> None:
    bare.control(f"apps/{PROD}", {"stack": "heroku-22"}, "PATCH")
    bare.deploy(PROD)
    bare.add_rule()
    version = bare.deploy()
    bare.look()

    row = bare.promotion(version)
    assert row.status is Status.REJECTED
    assert f"heroku stack:set heroku-24 -a {PROD}" in row.reason


def test_an_app_that_the_settings_do_not_name_is_rejected(stage: Stage) -> None:
    stage.tools = replace(stage.tools, allowed_apps=("acme-staging",))
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
