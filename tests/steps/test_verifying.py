"""After the post: production is asked for a while, and what is not well has its consequence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from listener.errors import Conflict
from listener.probing import Prober
from listener.promotion import Status
from listener.standing import Known
from tests.steps import wire
from tests.steps.emulated import EU, PROD, ROBOT, STAGING
from tests.steps.site import Site
from tests.steps.stage import Stage

SECONDS = 50  # five questions, ten seconds apart
LIST = "/apps/[^/]+/releases"


def verified(bare: Stage, site: Site, **more: Any) -> Stage:
    """A rule that has production verified for a while."""
    bare.add_rule(conditions={"verify": [site.url], "verify_for": f"{SECONDS}s", **more})
    return bare


def promoted(stage: Stage) -> int:
    """A promotion that is being verified; answers the version."""
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.VERIFYING, stage.promotion(version)
    return version


def answer(stage: Stage, site: Site, *statuses: int) -> None:
    """What production answers to one question after the other."""
    for status in statuses:
        site.status = status
        row = next(row for row in stage.promotions() if row.status is Status.VERIFYING)
        # However long the test takes itself, it comes to the very next question.
        stage.age(seconds=max(stage.promotion_due_in(row.version), 0.0))


@pytest.fixture
def rolling(bare: Stage, site: Site) -> Stage:
    """A rule that goes back by itself."""
    return verified(bare, site, on_failure="rollback")


def broken(stage: Stage, site: Site) -> int:
    """A promotion after which production is not well, up to the last question."""
    version = promoted(stage)
    answer(stage, site, 200, 503, 503, 503)
    assert stage.promotion(version).status is Status.VERIFYING
    stage.wire.take_calls()
    return version


# 14, 23: where the rule asks for it, what was released is verified.


def test_a_promotion_is_verified_from_its_release_to_the_end_of_the_time(
    bare: Stage, site: Site
) -> None:
    stage = verified(bare, site)
    version = promoted(stage)
    row = stage.promotion(version)
    assert row.reason == f"Released as v{row.target_version}; verified for 50s."
    assert site.asked == 0
    assert 9 < stage.promotion_due_in(version) <= 10
    answer(stage, site, 200, 200, 200, 200)
    assert stage.promotion(version).status is Status.VERIFYING
    answer(stage, site, 200)

    row = stage.promotion(version)
    assert (row.status, site.asked) == (Status.SUCCEEDED, 5)
    said = f"5 of 5 answers of {site.url} were good, the last 5 in a row."
    assert row.reason == f"Released as v{row.target_version}. {said}"


def test_after_a_release_phase_it_is_verified_too(bare: Stage, site: Site) -> None:
    stage = verified(bare, site)
    stage.phase(PROD)
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.RELEASING
    stage.finish(PROD, int(stage.promotion(version).target_version or 0))
    stage.age(seconds=2)
    assert stage.promotion(version).status is Status.VERIFYING


def test_a_release_that_was_looked_for_is_verified_too(bare: Stage, site: Site) -> None:
    stage = verified(bare, site)
    stage.wire.put(wire.answer_lost)
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.VERIFYING


def test_from_its_release_on_the_target_is_known_to_run_it(bare: Stage, site: Site) -> None:
    stage = verified(bare, site)
    promoted(stage)
    current = stage.current()
    assert stage.app(PROD).known == Known(current, stage.slug_of(PROD, current))
    stage.reconcile()
    assert stage.held() == []


def test_a_timeline_has_a_line_for_each_change_and_not_for_each_answer(
    bare: Stage, site: Site
) -> None:
    stage = verified(bare, site)
    version = promoted(stage)
    answer(stage, site, 503, 503, 200, 200, 200)
    assert stage.life(version).count("verifying") == 3


def test_a_rule_that_changes_meanwhile_changes_nothing_for_it(bare: Stage, site: Site) -> None:
    stage = verified(bare, site, on_failure="notify")
    version = promoted(stage)
    stage.change_rule(conditions={"verify_for": "2h", "on_failure": "rollback"})
    answer(stage, site, *[503] * 5)
    assert stage.promotion(version).status is Status.FAILED


def test_by_hand_it_is_verified_like_the_rule_that_promotes_there(bare: Stage, site: Site) -> None:
    bare.add_rule(mode="shadow", conditions={"verify": [site.url], "verify_for": "50s"})
    version = bare.deploy()
    bare.promote(version)
    bare.work()
    by_hand = next(row for row in bare.promotions() if row.is_by_hand)
    assert by_hand.status is Status.VERIFYING


def test_while_it_is_verified_others_wait_for_the_target(bare: Stage, site: Site) -> None:
    stage = verified(bare, site)
    version = promoted(stage)
    newer = stage.deploy()
    stage.look()
    assert stage.promotion(newer).status is Status.WAITING
    assert f"{stage.promotion(version).id} is at work on {PROD} (verifying)" in (
        stage.promotion(newer).reason
    )
    answer(stage, site, *[200] * 5)

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert stage.promotion(newer).status is Status.VERIFYING


def test_a_chain_waits_for_it(bare: Stage, site: Site) -> None:
    stage = verified(bare, site)
    stage.add_rule("onward", source=PROD, targets=(EU,))
    promoted(stage)
    stage.look(PROD)
    (onward,) = [row for row in stage.promotions() if row.target_id == stage.app(EU).id]
    assert (onward.status, onward.reason) == (
        Status.WAITING,
        f"Our own promotion onto {PROD} is verifying.",
    )
    stage.wire.take_calls()
    answer(stage, site, 200, 200)
    assert stage.wire.take_calls() == []  # it waits for our own, of which we know
    answer(stage, site, *[200] * 3)
    assert stage.runs(stage.promotions()[0].version, EU)


def test_a_chain_ends_where_production_was_rolled_back(rolling: Stage, site: Site) -> None:
    rolling.add_rule("onward", source=PROD, targets=(EU,))
    version = broken(rolling, site)
    rolling.look(PROD)
    answer(rolling, site, 503)
    rolling.age(seconds=16)
    onward = [row for row in rolling.promotions() if row.target_id == rolling.app(EU).id]
    assert [row.status for row in onward] == [Status.REJECTED]
    assert not rolling.runs(version, EU)


# 26: enough good answers.


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        ((503, 503, 200, 200, 200), Status.SUCCEEDED),  # preboot, or a slow start
        ((200, 503, 200, 200, 200), Status.SUCCEEDED),
        ((503, 503, 503, 200, 200), Status.FAILED),
        ((200, 200, 200, 200, 503), Status.FAILED),
        ((200, 200, 503, 200, 200), Status.FAILED),
        ((404, 404, 404, 404, 404), Status.FAILED),
    ],
)
def test_the_end_counts(bare: Stage, site: Site, statuses: tuple[int, ...], status: Status) -> None:
    stage = verified(bare, site)
    version = promoted(stage)
    answer(stage, site, *statuses)
    assert stage.promotion(version).status is status


def test_where_we_were_away_it_is_asked_until_something_can_be_said(
    bare: Stage, site: Site
) -> None:
    stage = verified(bare, site)
    version = promoted(stage)
    stage.age(hours=1)
    assert (stage.promotion(version).status, site.asked) == (Status.VERIFYING, 1)
    stage.age(seconds=10)
    stage.age(seconds=10)
    assert (stage.promotion(version).status, site.asked) == (Status.SUCCEEDED, 3)


# 27: bad, and nothing is rolled back.


def test_notify_ends_as_failed_and_tells_and_holds_nothing(bare: Stage, site: Site) -> None:
    stage = verified(bare, site, on_failure="notify")
    version = promoted(stage)
    answer(stage, site, *[503] * 5)
    row = stage.promotion(version)
    assert row.status is Status.FAILED
    assert row.reason == (
        f"0 of 5 answers of {site.url} were good, the last 0 in a row,"
        f" the last bad one: {site.url} answered 503."
    )
    assert (stage.held(), stage.runs(version)) == ([], True)
    assert stage.notices() == [f"Promotion {row.id} of {STAGING} v{version} to {PROD} failed"]


def test_hold_ends_as_failed_and_the_target_stands_still(bare: Stage, site: Site) -> None:
    stage = verified(bare, site)
    version = promoted(stage)
    answer(stage, site, *[503] * 5)
    assert (stage.promotion(version).status, stage.runs(version)) == (Status.FAILED, True)
    (hold,) = stage.held()
    assert hold.reason.startswith(f"Promotion {stage.promotion(version).id} is not well. 0 of 5")
    assert len(stage.posts()) == 1


def test_what_could_never_be_asked_is_not_rolled_back(rolling: Stage, site: Site) -> None:
    rolling.tools = replace(rolling.tools, prober=Prober())  # one that may ask nobody here
    version = promoted(rolling)
    answer(rolling, site, *[503] * 5)
    row = rolling.promotion(version)
    assert (row.status, rolling.runs(version), site.asked) == (Status.FAILED, True, 0)
    assert "AUTOPROMOTE_ALLOW_PRIVATE_CHECKS=1" in row.reason
    assert len(rolling.held()) == 1


def test_nothing_to_go_back_to_ends_as_failed_with_a_hold(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)

    def expired(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [r if r["current"] else {**r, "status": "expired"} for r in found]

    rolling.wire.put(wire.edited(expired), method="GET", path=LIST, times=4)
    answer(rolling, site, 503)
    row = rolling.promotion(version)
    assert row.status is Status.FAILED
    assert "cannot run again" in row.reason
    assert len(rolling.held()) == 1
    assert len(rolling.posts()) == 1


# 28: back to what ran before.


def test_what_ran_before_comes_back_once_with_a_hold_and_the_reason(
    rolling: Stage, site: Site
) -> None:
    before = rolling.slug_of(PROD, rolling.current())
    version = broken(rolling, site)
    answer(rolling, site, 503)

    row, prod = rolling.promotion(version), rolling.app(PROD)
    assert row.status is Status.ROLLED_BACK
    assert row.reason == (
        f"1 of 5 answers of {site.url} were good, the last 0 in a row, the last bad one:"
        f" {site.url} answered 503. Rolled back to what ran before, as v{rolling.current()}."
    )
    assert rolling.slug_of(PROD, rolling.current()) == before
    assert prod.known == Known(rolling.current(), before)
    (hold,) = rolling.held()
    assert hold.reason.startswith(f"Promotion {row.id} was rolled back. 1 of 5 answers")
    assert rolling.wire.take_calls() == [
        f"GET /apps/{prod.id}/releases",
        f"POST /apps/{prod.id}/releases",
    ]
    assert rolling.life(version)[-3:] == ["verifying", "rolling_back", "rolled_back"]
    titles = rolling.notices()
    assert f"Promotion {row.id} of {STAGING} v{version} to {PROD} was rolled back" in titles
    words = rolling.release(PROD, rolling.current())["description"]
    assert (
        words == f"Roll back to v{rolling.ours()[0] - 1} (autopromote {rolling.posts()[-1].nonce})"
    )


def test_the_release_that_was_promoted_stays_the_promotions(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)
    made = rolling.promotion(version).target_version
    answer(rolling, site, 503)
    assert rolling.promotion(version).target_version == made
    assert rolling.current() == (made or 0) + 1


def test_the_slug_never_returns_by_itself(rolling: Stage, site: Site) -> None:
    """Quarantine: it was there and left, which only a person undoes."""
    version = broken(rolling, site)
    slug = rolling.slug_of(STAGING, version)
    answer(rolling, site, 503)
    site.status = 200
    rolling.release_hold()
    rolling.reconcile()
    rolling.add_rule("again", mode="armed")
    rolling.deploy(STAGING, slug_id=slug, description="the same once more")
    rolling.look()
    rolling.age(minutes=5)
    assert rolling.times_released(version) == 1
    assert not rolling.runs(version)
    rolling.promote(version)
    rolling.work()
    assert rolling.runs(version)


def test_a_newer_deploy_goes_once_the_hold_is_released(rolling: Stage, site: Site) -> None:
    broken(rolling, site)
    answer(rolling, site, 503)
    site.status = 200
    fix = rolling.deploy()
    rolling.look()
    assert "is on hold by autopromote: Promotion" in rolling.promotion(fix).reason
    rolling.release_hold()
    rolling.work()
    assert rolling.runs(fix)


def test_config_vars_that_are_new_since_are_somebodys_work(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)
    config = rolling.configure(PROD)
    answer(rolling, site, 503)
    row = rolling.promotion(version)
    assert row.status is Status.FAILED
    assert f"Not rolled back: ana@example.com released v{config} since." in row.reason
    assert rolling.runs(version)
    assert [hold.kind for hold in rolling.held()] == ["guard"]


def test_it_never_undoes_what_somebody_released_since(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)
    hotfix = rolling.hotfix()
    answer(rolling, site, 503)
    row = rolling.promotion(version)
    assert (row.status, rolling.current()) == (Status.FAILED, hotfix)
    assert f"bo@example.com released v{hotfix} since" in row.reason
    assert {hold.kind for hold in rolling.held()} == {"guard", "detected"}
    assert len(rolling.posts()) == 1


def test_it_never_overtakes_somebodys_release_phase(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)
    rolling.phase(PROD)
    rolling.hotfix()
    answer(rolling, site, 503)
    assert rolling.promotion(version).status is Status.FAILED
    assert len(rolling.posts()) == 1


def test_what_we_overtook_is_not_undone_as_well(rolling: Stage, site: Site) -> None:
    rolling.wire.put(wire.before(rolling.hotfix))
    version = broken(rolling, site)
    answer(rolling, site, 503)
    row = rolling.promotion(version)
    assert row.status is Status.FAILED
    assert "right before us" in row.reason
    assert len(rolling.posts()) == 1


def test_a_person_who_rolled_back_first_is_left_alone(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)
    rolling.roll_back(PROD, rolling.ours()[0] - 1)
    current = rolling.current()
    answer(rolling, site, 503)
    assert (rolling.promotion(version).status, rolling.current()) == (Status.FAILED, current)


def test_a_hold_does_not_keep_it_from_going_back(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)
    rolling.put_hold()
    answer(rolling, site, 503)
    assert rolling.promotion(version).status is Status.ROLLED_BACK


def test_an_app_that_is_no_longer_allowed_is_left_alone(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)
    rolling.tools = replace(rolling.tools, allowed_apps=(STAGING,))
    answer(rolling, site, 503)
    assert rolling.promotion(version).status is Status.FAILED
    assert len(rolling.posts()) == 1


def test_while_heroku_cannot_be_read_it_stays_decided(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.answers(503, applied=False), method="GET", times=3)
    answer(rolling, site, 503)
    assert rolling.promotion(version).status is Status.VERIFYING
    site.status = 200
    for _ in range(4):
        rolling.age(minutes=5)
    assert (rolling.promotion(version).status, site.asked) == (Status.ROLLED_BACK, 5)


def test_after_an_hour_without_an_answer_of_heroku_it_is_left(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.answers(503, applied=False), method="GET", times=500)
    answer(rolling, site, 503)
    for _ in range(13):
        rolling.age(minutes=5)
    row = rolling.promotion(version)
    assert row.status is Status.FAILED
    assert "Heroku could not be read for 60 minutes" in row.reason
    assert len(rolling.held()) == 1


def test_an_app_that_is_gone_is_left(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.answers(404, applied=False), method="GET", path=LIST, times=9)
    answer(rolling, site, 503)
    assert rolling.promotion(version).status is Status.FAILED


def test_a_person_who_asks_for_a_rollback_does_not_wait_for_the_end(
    bare: Stage, site: Site
) -> None:
    stage = verified(bare, site, verify_for="2h")
    before = stage.slug_of(PROD, stage.current())
    version = promoted(stage)
    stage.ask_rollback()
    stage.work()
    assert stage.promotions()[-1].status is Status.WAITING
    stage.age(seconds=10)

    row = stage.promotion(version)
    assert (row.status, stage.promotions()[-1].status) == (Status.FAILED, Status.ROLLED_BACK)
    assert "ana@example.com asked for rollback" in row.reason
    assert stage.slug_of(PROD, stage.current()) == before
    assert [hold.kind for hold in stage.held()] == ["person"]


def test_a_promotion_is_rolled_back_once_at_most(rolling: Stage, site: Site) -> None:
    """Whatever became of a rollback that may have been sent, there is no second one."""
    version = broken(rolling, site)
    with rolling.database.begin() as conn:
        conn.exec_driver_sql(
            "INSERT INTO post"
            " (promotion_id, target_id, kind, nonce, artifact, base_version, sent_at, outcome)"
            " SELECT promotion_id, target_id, 'rollback', '01234567', artifact, 1, sent_at,"
            " 'no_trace' FROM post"
        )
    answer(rolling, site, 503)
    row = rolling.promotion(version)
    assert (row.status, rolling.runs(version)) == (Status.FAILED, True)
    assert "It was rolled back once, which is all." in row.reason


def test_what_is_known_to_run_must_be_ours(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)
    with rolling.database.begin() as conn:
        conn.exec_driver_sql("UPDATE app SET known_artifact = 'another' WHERE name = 'acme-prod'")
    answer(rolling, site, 503)
    row = rolling.promotion(version)
    assert (row.status, rolling.runs(version)) == (Status.FAILED, True)
    assert "It runs something else by now." in row.reason


# 29: the post of the rollback, in doubt like any other.


def test_a_release_phase_of_the_rollback_is_watched(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)
    rolling.phase(PROD)
    answer(rolling, site, 503)
    assert rolling.promotion(version).status is Status.ROLLING_BACK
    rolling.finish(PROD, rolling.releases(PROD)[-1]["version"])
    rolling.age(seconds=2)
    assert rolling.promotion(version).status is Status.ROLLED_BACK
    assert len(rolling.held()) == 1


def test_a_release_phase_of_the_rollback_that_fails_ends_as_failed_with_a_hold(
    rolling: Stage, site: Site
) -> None:
    version = broken(rolling, site)
    rolling.phase(PROD)
    answer(rolling, site, 503)
    rolling.finish(PROD, rolling.releases(PROD)[-1]["version"], "failed")
    rolling.age(seconds=2)
    row = rolling.promotion(version)
    assert (row.status, rolling.runs(version)) == (Status.FAILED, True)
    (hold,) = rolling.held()
    assert hold.reason.startswith(f"The rollback of promotion {row.id} failed.")


def test_a_definite_no_to_the_rollback_ends_as_failed_with_a_hold(
    rolling: Stage, site: Site
) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.answers(403, applied=False))
    answer(rolling, site, 503)
    assert rolling.promotion(version).status is Status.FAILED
    assert "Not rolled back: Heroku refused" in rolling.promotion(version).reason
    assert len(rolling.held()) == 1


@pytest.mark.parametrize("trouble", [wire.refused, wire.answers(429, applied=False)])
def test_a_rollback_that_never_left_is_asked_for_anew(
    rolling: Stage, site: Site, trouble: wire.Around
) -> None:
    version = broken(rolling, site)
    rolling.wire.put(trouble)
    answer(rolling, site, 503)
    assert rolling.promotion(version).status is Status.ROLLING_BACK
    assert rolling.runs(version)
    rolling.age(seconds=60)
    assert rolling.promotion(version).status is Status.ROLLED_BACK
    assert [post.outcome for post in rolling.posts()] == ["accepted", "not_sent", "accepted"]


def test_a_rollback_that_never_leaves_is_given_up_after_an_hour(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.refused, times=500)
    answer(rolling, site, 503)
    for _ in range(7):
        rolling.age(minutes=10)
    assert rolling.promotion(version).status is Status.FAILED
    assert len(rolling.held()) == 1


def test_somebody_who_releases_before_it_is_asked_for_anew_is_left_alone(
    rolling: Stage, site: Site
) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.refused)
    answer(rolling, site, 503)
    hotfix = rolling.hotfix()
    rolling.age(seconds=6)
    assert (rolling.promotion(version).status, rolling.current()) == (Status.FAILED, hotfix)


@pytest.mark.parametrize("trouble", [wire.answer_lost, wire.answers(502, applied=True)])
def test_a_lost_answer_to_the_rollback_is_adopted(
    rolling: Stage, site: Site, trouble: wire.Around
) -> None:
    version = broken(rolling, site)
    rolling.wire.put(trouble)
    answer(rolling, site, 503)
    assert rolling.promotion(version).status is Status.ROLLED_BACK
    assert len(rolling.ours()) == 2


def test_a_lost_rollback_is_sent_again_while_ours_still_runs(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.lost)
    answer(rolling, site, 503)
    assert rolling.promotion(version).status is Status.ROLLING_BACK
    rolling.put_hold()
    rolling.age(seconds=61)
    assert rolling.promotion(version).status is Status.ROLLED_BACK
    assert (rolling.posts()[-1].sends, len(rolling.ours())) == (2, 2)


def test_a_list_that_cannot_be_read_right_before_the_second_post_is_read_again(
    rolling: Stage, site: Site
) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.lost)
    answer(rolling, site, 503)
    down = wire.answers(503, applied=False)
    then_down = wire.after(lambda: rolling.wire.put(down, method="GET", path=LIST))
    rolling.wire.put(then_down, method="GET", path=LIST)
    rolling.age(seconds=61)
    assert rolling.promotion(version).status is Status.ROLLING_BACK
    rolling.age(minutes=2)
    assert rolling.promotion(version).status is Status.ROLLED_BACK
    assert len(rolling.ours()) == 2


def test_a_rollback_that_shows_right_before_the_second_post_is_adopted(
    rolling: Stage, site: Site
) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.lost)
    answer(rolling, site, 503)
    post = rolling.posts()[-1]

    def late() -> None:
        words = f"Roll back (autopromote {post.nonce})"
        rolling.deploy(PROD, slug_id=post.artifact, description=words, user=ROBOT)

    rolling.wire.put(wire.after(late), method="GET", path=LIST)
    rolling.age(seconds=61)
    assert rolling.promotion(version).status is Status.ROLLED_BACK
    assert (len(rolling.ours()), rolling.posts()[-1].sends) == (2, 1)


def test_a_reading_that_lags_behind_is_read_again(rolling: Stage, site: Site) -> None:
    version = broken(rolling, site)
    with rolling.database.begin() as conn:
        conn.exec_driver_sql("UPDATE app SET known_version = known_version + 9")
    answer(rolling, site, 503)
    row = rolling.promotion(version)
    assert (row.status, row.reason) == (
        Status.VERIFYING,
        "The target runs a newer release by now.",
    )
    with rolling.database.begin() as conn:
        conn.exec_driver_sql("UPDATE app SET known_version = known_version - 9")
    rolling.age(seconds=1)
    assert rolling.promotion(version).status is Status.ROLLED_BACK


@pytest.mark.parametrize("act", ["hotfix", "configure"])
def test_a_lost_rollback_is_not_sent_again_over_what_somebody_released(
    rolling: Stage, site: Site, act: str
) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.lost)
    answer(rolling, site, 503)
    current = rolling.hotfix() if act == "hotfix" else rolling.configure(PROD)
    rolling.age(seconds=61)
    row = rolling.promotion(version)
    assert (row.status, rolling.current()) == (Status.FAILED, current)
    assert rolling.posts()[-1].sends == 1
    assert "guard" in {hold.kind for hold in rolling.held()}


def test_two_posts_of_the_rollback_without_trace_end_as_errored_with_a_hold(
    rolling: Stage, site: Site
) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.lost, times=2)
    answer(rolling, site, 503)
    rolling.age(seconds=61)
    rolling.age(seconds=61)
    assert rolling.promotion(version).status is Status.ERRORED
    assert len(rolling.held()) == 1


def test_the_list_unreadable_for_an_hour_after_a_lost_rollback_ends_as_errored(
    rolling: Stage, site: Site
) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.lost)
    answer(rolling, site, 503)
    rolling.wire.put(wire.answers(503, applied=False), method="GET", times=500)
    for _ in range(13):
        rolling.age(minutes=5)
    assert rolling.promotion(version).status is Status.ERRORED
    assert len(rolling.held()) == 1


def test_a_heroku_that_shows_no_descriptions_has_its_rollback_found(
    rolling: Stage, site: Site
) -> None:
    def silent(found: Any) -> Any:
        return [{**r, "description": "Deploy"} for r in found]

    version = broken(rolling, site)
    with rolling.database.begin() as conn:
        conn.exec_driver_sql("UPDATE fact SET value = 'false' WHERE name = 'echoes_description'")
    rolling.wire.put(wire.answer_lost)
    rolling.wire.put(wire.edited(silent), method="GET", path=LIST, times=20)
    answer(rolling, site, 503)
    assert rolling.promotion(version).status is Status.ROLLED_BACK


def test_after_twenty_broken_steps_it_ends_as_failed_with_a_hold(
    rolling: Stage, site: Site
) -> None:
    version = promoted(rolling)
    with rolling.database.begin() as conn:
        conn.exec_driver_sql("UPDATE promotion SET attempt = 20, due_at = now()")
    rolling.work()
    assert rolling.promotion(version).status is Status.FAILED
    assert len(rolling.held()) == 1


def test_what_was_rolled_back_is_not_tried_again(rolling: Stage, site: Site) -> None:
    broken(rolling, site)
    answer(rolling, site, 503)
    with pytest.raises(Conflict, match="has ended: it is rolled_back"):
        rolling.desk.retry(str(rolling.promotions()[0].id), by="ana@example.com")


def test_a_retry_of_what_failed_its_verification_finds_it_running(bare: Stage, site: Site) -> None:
    stage = verified(bare, site)
    version = promoted(stage)
    answer(stage, site, *[503] * 5)
    stage.desk.retry(str(stage.promotion(version).id), by="ana@example.com")
    stage.work()
    assert stage.promotion(version).status is Status.SKIPPED
    assert stage.promotion(version).verification is None
