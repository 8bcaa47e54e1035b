"""Strategy pipeline: Heroku is asked for a promotion of the very release, and followed."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from listener.core.drift import LastKnown
from listener.core.promotion import Status
from listener.core.rule import Strategy
from tests.worker import wire
from tests.worker.emulated import EU, PROD, STAGING
from tests.worker.pipes import PROMOTIONS, TARGETS, arrival, arrive, by_pipeline, couple
from tests.worker.site import Site
from tests.worker.stage import Stage

NO = [302, 400, 401, 402, 403, 404, 409, 410, 422]


@pytest.fixture
def piped(bare: Stage) -> Stage:
    """Staging and production in one pipeline, and a rule that promotes by it."""
    return by_pipeline(bare)


def bodies(stage: Stage) -> list[Any]:
    """Have what is asked of Heroku written down."""
    seen: list[Any] = []

    def keep(request: httpx.Request, send: wire.Send) -> httpx.Response:
        seen.append(json.loads(request.content))
        return send()

    stage.wire.put(keep, path=PROMOTIONS, times=9)
    return seen


def test_the_very_release_is_promoted_once(piped: Stage) -> None:
    asked = bodies(piped)
    version = piped.deploy()
    piped.tell(version)
    piped.work()

    row, (post,) = piped.promotion(version), piped.posts()
    (body,) = asked
    assert body["source"] == {
        "app": {"id": piped.app(STAGING).id},
        "release": {"id": piped.release(STAGING, version)["id"]},
    }
    assert body["targets"] == [{"app": {"id": piped.app(PROD).id}}]
    assert (row.status, row.target_version) == (Status.SUCCEEDED, piped.current())
    assert (post.outcome, post.release_id) == ("accepted", row.target_release_id)
    assert post.heroku_promotion_id is not None
    assert piped.times_released(version) == 1
    assert piped.app(PROD).known == LastKnown(piped.current(), piped.slug_of(STAGING, version))
    assert piped.life(version) == ["waiting", "posting", "releasing", "succeeded"]


def test_it_is_that_release_though_the_source_runs_a_newer_one(bare: Stage) -> None:
    couple(bare)
    bare.add_rule(strategy=Strategy.PIPELINE, on_newer="keep")
    version = bare.deploy()
    bare.wire.put(wire.before(bare.deploy), path=PROMOTIONS)
    bare.look()

    assert bare.promotion(version).status is Status.SUCCEEDED
    assert bare.runs(version)


@pytest.mark.usefixtures("fresh_for_long")
def test_it_costs_five_calls_once_the_pipelines_are_known(piped: Stage) -> None:
    piped.tell(piped.deploy(), stack="heroku-24")
    piped.work()
    piped.wire.take_calls()
    piped.tell(piped.deploy(), stack="heroku-24")
    piped.work()

    staging, prod = piped.app(STAGING).id, piped.app(PROD).id
    promotion = piped.posts()[-1].heroku_promotion_id
    assert piped.wire.take_calls() == [
        f"GET /apps/{staging}/releases",
        f"GET /apps/{prod}/releases",
        "POST /pipeline-promotions",
        f"GET /pipeline-promotions/{promotion}/promotion-targets",
        f"GET /apps/{prod}/releases",
    ]


def test_several_targets_are_promotions_that_stand_alone(bare: Stage) -> None:
    couple(bare)
    bare.add_rule(targets=(PROD, EU), strategy=Strategy.PIPELINE)
    arrival(bare, EU, error="Could not verify slug checksum")
    asked = bodies(bare)
    version = bare.deploy()
    bare.look()
    arrive(bare, EU)
    bare.age(seconds=2)

    assert [len(body["targets"]) for body in asked] == [1, 1]
    assert bare.promotion(version, PROD).status is Status.SUCCEEDED
    assert bare.promotion(version, EU).status is Status.FAILED


# Heroku takes its time.


def test_until_there_is_a_release_only_the_promotion_is_asked(piped: Stage) -> None:
    arrival(piped)
    version = piped.deploy()
    piped.look()
    piped.wire.take_calls()
    for _ in range(3):
        piped.age(seconds=16)

    row = piped.promotion(version)
    assert (row.status, row.target_release_id) == (Status.RELEASING, None)
    assert set(piped.wire.take_calls()) == {
        f"GET /pipeline-promotions/{piped.posts()[-1].heroku_promotion_id}/promotion-targets"
    }
    arrive(piped)
    piped.age(seconds=16)
    assert piped.promotion(version).status is Status.SUCCEEDED
    assert piped.times_released(version) == 1


def test_a_target_that_fails_before_any_release_fails_in_herokus_words(piped: Stage) -> None:
    arrival(piped, error="User does not have access to that app")
    version = piped.deploy()
    piped.look()
    arrive(piped)
    piped.age(seconds=2)

    row = piped.promotion(version)
    assert row.status is Status.FAILED
    assert row.reason.endswith("nothing was released: User does not have access to that app")
    assert [post.outcome for post in piped.posts()] == ["refused"]
    assert piped.held() == []
    assert piped.posts_sent() == 1


def test_a_release_phase_is_watched_on_the_targets_list(piped: Stage) -> None:
    piped.phase(PROD)
    version = piped.deploy()
    piped.look()
    row = piped.promotion(version)
    assert (row.status, row.reason) == (
        Status.RELEASING,
        f"The release phase of v{row.target_version} is running.",
    )
    piped.wire.take_calls()
    piped.age(seconds=2)
    assert piped.wire.take_calls() == [f"GET /apps/{piped.app(PROD).id}/releases"]

    piped.finish(PROD, int(row.target_version or 0))
    piped.age(seconds=2)
    assert piped.promotion(version).status is Status.SUCCEEDED


def test_a_release_phase_that_fails_is_told_in_herokus_words(piped: Stage) -> None:
    piped.phase(PROD)
    version = piped.deploy()
    piped.look()
    made = int(piped.promotion(version).target_version or 0)
    piped.finish(PROD, made, "failed")
    piped.age(seconds=2)

    row = piped.promotion(version)
    assert row.status is Status.FAILED
    assert row.reason.startswith(f"Heroku: release command failed. The release phase of v{made}")


def test_a_completed_promotion_whose_release_failed_at_once_is_no_success(piped: Stage) -> None:
    piped.phase(PROD)
    fail = wire.after(lambda: piped.finish(PROD, len(piped.releases(PROD)), "failed"))
    piped.wire.put(fail, path=PROMOTIONS)
    version = piped.deploy()
    piped.look()

    assert piped.promotion(version).status is Status.FAILED
    assert not piped.runs(version)


def test_a_failed_phase_is_told_though_heroku_has_no_words_for_it(piped: Stage) -> None:
    piped.phase(PROD)
    version = piped.deploy()
    piped.look()
    piped.finish(PROD, int(piped.promotion(version).target_version or 0), "failed")
    piped.wire.put(wire.answers(503, applied=False), method="GET", path=TARGETS)
    piped.age(seconds=2)

    assert piped.promotion(version).reason.startswith("The release phase of v")


# What Heroku may answer.


@pytest.mark.parametrize("status", NO)
def test_a_definite_no_ends_as_failed_in_herokus_words(piped: Stage, status: int) -> None:
    piped.wire.put(wire.answers(status, applied=False), path=PROMOTIONS)
    version = piped.deploy()
    piped.look()

    row = piped.promotion(version)
    assert row.status is Status.FAILED
    assert f"Heroku refused ({status} an_id): Heroku's words." in row.reason
    assert (piped.posts_sent(), piped.held()) == (1, [])


def test_a_second_factor_is_no_robots(piped: Stage) -> None:
    piped.control(f"apps/{PROD}", {"protected": True}, "PATCH")
    version = piped.deploy()
    piped.look()

    assert "second factor, which no robot has" in piped.promotion(version).reason


@pytest.mark.parametrize(
    ("trouble", "pause"),
    [(wire.refused, 5), (wire.answers(429, applied=False), 60)],
    ids=["never-connected", "429"],
)
def test_what_was_not_sent_waits_and_is_sent_later(
    piped: Stage, trouble: wire.Around, pause: int
) -> None:
    piped.wire.put(trouble, path=PROMOTIONS)
    version = piped.deploy()
    piped.look()
    assert piped.promotion(version).status is Status.WAITING

    piped.age(seconds=pause)
    assert piped.promotion(version).status is Status.SUCCEEDED
    assert piped.times_released(version) == 1


def test_after_a_refusal_the_pipelines_are_read_anew(piped: Stage) -> None:
    piped.wire.put(wire.answers(422, applied=False), path=PROMOTIONS)
    version = piped.deploy()
    piped.look()
    piped.desk.retry(str(piped.promotion(version).id), by="ana@example.com")
    piped.wire.take_calls()
    piped.work()

    asked = [call for call in piped.wire.take_calls() if call.endswith("/pipeline-couplings")]
    assert len(asked) == 2
    assert piped.promotion(version).status is Status.SUCCEEDED


# Who is in which pipeline, and who we are.


def test_apps_that_share_no_pipeline_any_more_end_as_rejected(piped: Stage) -> None:
    gone = wire.answers(404, applied=False, body={"id": "not_found", "message": "No coupling."})
    with piped.database.begin() as conn:
        conn.exec_driver_sql("UPDATE app SET pipeline_at = NULL")
    piped.wire.put(gone, method="GET", path="/apps/[^/]+/pipeline-couplings", times=4)
    version = piped.deploy()
    piped.look()
    assert piped.promotion(version).status is Status.WAITING
    piped.age(seconds=125)

    row = piped.promotion(version)
    assert row.status is Status.REJECTED
    assert "`heroku pipelines:create -a acme-staging -s staging`" in row.reason
    assert piped.posts_sent() == 0


def test_an_app_that_is_found_in_no_pipeline_once_ends_nothing(piped: Stage) -> None:
    gone = wire.answers(404, applied=False, body={"id": "not_found", "message": "No coupling."})
    with piped.database.begin() as conn:
        conn.exec_driver_sql("UPDATE app SET pipeline_at = NULL")
    piped.wire.put(gone, method="GET", path="/apps/[^/]+/pipeline-couplings", times=2)
    version = piped.deploy()
    piped.look()
    piped.age(seconds=125)

    assert piped.promotion(version).status is Status.SUCCEEDED


@pytest.mark.parametrize("status", [403, 503])
@pytest.mark.parametrize("path", ["/account", "/apps/[^/]+/pipeline-couplings"])
def test_what_must_be_known_before_the_post_is_waited_for(
    bare: Stage, path: str, status: int
) -> None:
    """Without our account no release could be recognised after a lost answer."""
    couple(bare)
    bare.add_rule(strategy=Strategy.PIPELINE)
    with bare.database.begin() as conn:
        conn.exec_driver_sql("UPDATE app SET pipeline_at = NULL")
    bare.wire.put(wire.answers(status, applied=False), method="GET", path=path)
    version = bare.deploy()
    bare.look()
    row = bare.promotion(version)
    assert (row.status, bare.posts_sent(), bare.posts()) == (Status.WAITING, 0, [])
    assert "Heroku could not be read" in row.reason

    bare.age(seconds=30)
    assert bare.promotion(version).status is Status.SUCCEEDED


def test_our_account_is_asked_for_once_by_a_process(piped: Stage) -> None:
    for _ in range(2):
        piped.deploy()
        piped.look()

    assert piped.wire.take_calls().count("GET /account") == 1
    assert len({post.account_id for post in piped.posts()}) == 1


def test_strategy_slug_asks_neither_for_pipelines_nor_for_our_account(stage: Stage) -> None:
    stage.deploy()
    stage.look()

    asked = [call.rpartition("/")[2] for call in stage.wire.take_calls()]
    assert not {"account", "pipeline-couplings", "promotion-targets"} & set(asked)
    assert [(post.strategy, post.account_id) for post in stage.posts()] == [("slug", None)]


def test_a_rule_that_changes_its_strategy_has_what_waits_go_by_the_new_one(bare: Stage) -> None:
    couple(bare)
    bare.add_rule()
    bare.put_hold()
    bare.deploy()
    bare.look()
    bare.change_rule(strategy=Strategy.PIPELINE)
    bare.release_hold()
    bare.work()

    assert [post.strategy for post in bare.posts()] == ["pipeline"]


def test_what_went_by_pipeline_and_is_not_well_goes_back(bare: Stage, site: Site) -> None:
    couple(bare)
    conditions = {"verify": [site.url], "verify_for": "5s", "on_failure": "rollback"}
    bare.add_rule(strategy=Strategy.PIPELINE, conditions=conditions)
    before = bare.slug_of(PROD, bare.current())
    version = bare.deploy()
    bare.look()
    assert bare.promotion(version).status is Status.VERIFYING
    site.status = 503
    for _ in range(5):
        bare.age(seconds=1)

    assert bare.promotion(version).status is Status.ROLLED_BACK
    assert bare.slug_of(PROD, bare.current()) == before
    assert [post.strategy for post in bare.posts()] == ["pipeline", "slug"]
    assert len(bare.ours()) == 1  # its description names our nonce, and config vars stay
