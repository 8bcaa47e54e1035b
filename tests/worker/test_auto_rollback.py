"""Production that is not well goes back to what ran before: once, and only while it is ours."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from listener.core.drift import LastKnown
from listener.core.promotion import Status
from listener.errors import Conflict
from tests.worker import wire
from tests.worker.emulated import PROD, STAGING
from tests.worker.site import Site
from tests.worker.stage import Stage
from tests.worker.verified import LIST, answer, broken, promoted, verified

# 28: back to what ran before.


def test_what_ran_before_comes_back_once_with_a_hold_and_the_reason(
    rolling: Stage, site: Site
) -> None:
    before = rolling.slug_of(PROD, rolling.current())
    version = broken(rolling, site)
    answer(rolling, site, 503)

    row, prod = rolling.promotion(version), rolling.app(PROD)
    assert row.status is Status.ROLLED_BACK
    # One good answer and four bad ones; a slow machine asks once more before it breaks.
    assert site.given[-4:] == [503] * 4
    counted = f"{site.given.count(200)} of {len(site.given)}"
    assert row.reason == (
        f"{counted} answers of {site.url} were good, the last 0 in a row, the last bad one:"
        f" {site.url} answered 503. Rolled back to what ran before, as v{rolling.current()}."
    )
    assert rolling.slug_of(PROD, rolling.current()) == before
    assert prod.known == LastKnown(rolling.current(), before)
    (hold,) = rolling.held()
    assert hold.reason.startswith(f"Promotion {row.id} was rolled back. {counted} answers")
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


def test_a_person_who_is_called_to_it_does_not_bring_the_broken_code_back(
    rolling: Stage, site: Site
) -> None:
    """Whoever was told of it types `rollback`, which would undo what was done just now."""
    before = rolling.current()
    version = broken(rolling, site)
    answer(rolling, site, 503)
    number = rolling.promotion(version).id
    with pytest.raises(Conflict) as refused:
        rolling.ask_rollback()
    assert re.search(
        rf"from v{before + 1} to v{before}'s slug by autopromote \d+ \w+ ago,"
        rf" for promotion {number} was not well, and runs it\.",
        refused.value.message,
    )
    rolling.work()
    assert rolling.runs(before, source=PROD)
    assert rolling.times_released(version) == 1


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
    rolling.context = replace(rolling.context, allowed_apps=(STAGING,))
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
    assert rolling.promotion(version).status is Status.VERIFYING
    rolling.age(seconds=125)
    assert rolling.promotion(version).status is Status.FAILED


def test_an_app_that_is_not_found_once_is_gone_back_on_all_the_same(
    rolling: Stage, site: Site
) -> None:
    version = broken(rolling, site)
    rolling.wire.put(wire.answers(404, applied=False), method="GET", path=LIST, times=1)
    answer(rolling, site, 503)
    rolling.age(seconds=11)
    assert rolling.promotion(version).status is Status.ROLLED_BACK


def test_a_current_that_is_late_is_gone_back_on_all_the_same(rolling: Stage, site: Site) -> None:
    def late(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        newest = max(release["version"] for release in found)
        return [{**each, "current": each["version"] == newest - 1} for each in found]

    version = broken(rolling, site)
    rolling.wire.put(wire.edited(late), method="GET", path=LIST, times=1)
    answer(rolling, site, 503)
    assert rolling.promotion(version).status is Status.VERIFYING
    assert "is not shown as what runs" in rolling.promotion(version).reason
    rolling.age(seconds=11)
    assert rolling.promotion(version).status is Status.ROLLED_BACK


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
    assert [hold.kind for hold in stage.held()] == ["rollback"]


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
