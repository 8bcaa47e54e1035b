"""The post, and what every class of answer to it means."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from listener import heroku
from listener.core.drift import LastKnown
from listener.core.promotion import Status
from listener.inventory.context import Clock
from listener.worker import handlers
from listener.worker.queues import PROMOTING
from tests.worker import wire
from tests.worker.emulated import EU, PROD, STAGING, TOKEN
from tests.worker.stage import Stage

LOOKS = PROMOTING[1]
PAGE = "<html>Application error</html>"
NO = [301, 302, 400, 401, 402, 403, 404, 406, 409, 410, 412, 416, 422]
DOUBTS: dict[str, wire.Around] = {
    "408": wire.answers(408, applied=False),
    "500": wire.answers(500, applied=False),
    "502": wire.answers(502, applied=False, body=PAGE),
    "503": wire.answers(503, applied=False),
    "504": wire.answers(504, applied=False),
    "200-unreadable": wire.answers(200, applied=False, body=PAGE),
    "201-empty": wire.answers(201, applied=False, body=""),
    "201-something-else": wire.answers(201, applied=False, body=["odd"]),
    "timeout": wire.lost,
}
APPLIED_DOUBTS: dict[str, wire.Around] = {
    "408": wire.answers(408, applied=True),
    "500": wire.answers(500, applied=True),
    "502": wire.answers(502, applied=True, body=PAGE),
    "200-unreadable": wire.answers(200, applied=True, body=PAGE),
    "201-empty": wire.answers(201, applied=True, body=""),
    "reset": wire.answer_lost,
}


def test_a_deploy_is_released_once_with_its_very_slug(stage: Stage) -> None:
    version = stage.deploy()
    stage.tell(version)
    stage.work()

    row = stage.promotion(version)
    assert row.status is Status.SUCCEEDED
    assert stage.runs(version)
    assert row.target_version == stage.current()
    assert [gate["verdict"] for gate in row.gates] == ["pass"] * 5
    assert stage.app(PROD).known == LastKnown(stage.current(), stage.slug_of(STAGING, version))


def test_the_nonce_stands_in_the_description_of_the_release(stage: Stage) -> None:
    version = stage.deploy()
    stage.look()

    (post,) = stage.posts()
    words = stage.release(PROD, stage.current())["description"]
    assert words == f"Promote {STAGING} v{version} (autopromote {post.nonce})"


@pytest.mark.usefixtures("fresh_for_long")
def test_one_target_costs_three_calls(stage: Stage) -> None:
    version = stage.deploy()
    stage.tell(version, stack="heroku-24")
    stage.work()

    staging, prod = stage.app(STAGING).id, stage.app(PROD).id
    *lists, post = stage.wire.take_calls()
    assert sorted(lists) == sorted(f"GET /apps/{each}/releases" for each in (staging, prod))
    assert post == f"POST /apps/{prod}/releases"


def test_a_list_that_would_get_old_in_use_is_read_anew(stage: Stage) -> None:
    stage.tell(stage.deploy(), stack="heroku-24")
    stage.look_only()
    stage.shift(stage.seconds(1.6))
    stage.wire.take_calls()
    assert stage.step(stage.promoting)
    staging, prod = stage.app(STAGING).id, stage.app(PROD).id
    lists = [f"GET /apps/{each}/releases" for each in (staging, prod)]
    assert stage.wire.take_calls() == [*lists, f"POST /apps/{prod}/releases"]
    assert stage.statuses() == [Status.SUCCEEDED]


def test_facts_that_got_old_before_the_step_of_their_promotion_are_gathered_anew(
    stage: Stage,
) -> None:
    stage.tell(stage.deploy())
    with stage.database.begin() as conn:
        claim = LOOKS.claim(conn, "test")
    assert claim is not None
    following = LOOKS.step(stage.context, claim, Clock(claim.claimed_at))
    assert following is not None
    assert following.facts is not None
    stage.wire.take_calls()
    late = Clock(following.claim.claimed_at + timedelta(seconds=3))
    handlers.go_on(stage.context, replace(following, clock=late))
    prod = f"/apps/{stage.app(PROD).id}/releases"
    *lists, post = stage.wire.take_calls()
    assert f"GET {prod}" in lists
    assert post == f"POST {prod}"
    assert stage.statuses() == [Status.SUCCEEDED]


@pytest.mark.usefixtures("fresh_for_long")
def test_two_targets_cost_five_calls(bare: Stage) -> None:
    bare.add_rule(targets=(PROD, EU))
    version = bare.deploy()
    bare.tell(version, stack="heroku-24")
    bare.work()

    assert (bare.runs(version, PROD), bare.runs(version, EU)) == (True, True)
    assert len(bare.wire.take_calls()) == 5


def test_a_target_that_runs_it_already_costs_no_write(stage: Stage) -> None:
    version = stage.deploy()
    stage.promote_by_dashboard(PROD, version)
    stage.look()

    assert stage.promotion(version).status is Status.SKIPPED
    assert stage.posts_sent() == 0


@pytest.mark.parametrize("status", NO)
def test_a_definite_no_ends_as_failed_in_herokus_words(stage: Stage, status: int) -> None:
    stage.wire.put(wire.answers(status, applied=False))
    version = stage.deploy()
    stage.look()

    row = stage.promotion(version)
    assert row.status is Status.FAILED
    assert f"Heroku refused ({status} an_id): Heroku's words." in row.reason
    assert stage.posts_sent() == 1
    assert stage.held() == []


def test_a_no_that_people_can_mend_says_how(stage: Stage) -> None:
    stage.control(f"apps/{PROD}", {"protected": True}, "PATCH")
    version = stage.deploy()
    stage.look()

    assert "second factor, which no robot has" in stage.promotion(version).reason


@pytest.mark.parametrize(
    ("trouble", "pause"),
    [(wire.refused, 5), (wire.answers(429, applied=False), 60)],
    ids=["never-connected", "429"],
)
def test_what_was_not_sent_waits_and_is_sent_later(
    stage: Stage, trouble: wire.Around, pause: int
) -> None:
    stage.wire.put(trouble)
    version = stage.deploy()
    stage.look()

    assert stage.promotion(version).status is Status.WAITING
    assert stage.posts_sent() == 1
    assert stage.is_put_off(pause, version)

    stage.age(seconds=pause)
    assert stage.promotion(version).status is Status.SUCCEEDED
    assert stage.times_released(version) == 1


def test_a_rate_limit_is_not_hammered(stage: Stage) -> None:
    stage.wire.put(wire.answers(429, applied=False), times=10)
    stage.deploy()
    stage.look()
    for _ in range(4):
        stage.age(seconds=12)

    assert stage.posts_sent() == 1


class Slow(heroku.Heroku):
    """A process that stood still between its commit and the sending."""

    def create_release(self, app: str, **values: Any) -> heroku.Release:
        """Five seconds later."""
        return super().create_release(app, **{**values, "send_by": time.monotonic() - 1})


def test_what_does_not_leave_within_five_seconds_of_the_commit_is_not_sent(stage: Stage) -> None:
    context, transport = stage.context, stage.wire
    stage.context = replace(
        context, heroku=Slow(TOKEN, url="http://localhost", transport=transport)
    )
    version = stage.deploy()
    stage.look()

    assert stage.promotion(version).status is Status.WAITING
    assert stage.posts_sent() == 0

    stage.context = context
    stage.age(seconds=6)
    assert stage.promotion(version).status is Status.SUCCEEDED
    assert stage.times_released(version) == 1


@pytest.mark.parametrize("trouble", APPLIED_DOUBTS.values(), ids=APPLIED_DOUBTS.keys())
def test_a_lost_answer_is_adopted_at_the_first_find(stage: Stage, trouble: wire.Around) -> None:
    stage.wire.put(trouble)
    version = stage.deploy()
    stage.look()

    row = stage.promotion(version)
    assert row.status is Status.SUCCEEDED
    assert row.target_version == stage.current()
    assert (stage.times_released(version), stage.posts_sent()) == (1, 1)


@pytest.mark.parametrize("trouble", DOUBTS.values(), ids=DOUBTS.keys())
def test_a_lost_post_is_sent_again_only_after_the_last_look(
    stage: Stage, trouble: wire.Around
) -> None:
    stage.wire.put(trouble)
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.POSTING
    stage.age(seconds=31)
    assert (stage.posts_sent(), stage.due_after_post()) == (1, 60)

    stage.age(seconds=30)
    assert stage.promotion(version).status is Status.SUCCEEDED
    assert (stage.times_released(version), stage.posts_sent()) == (1, 2)
    assert [post.sends for post in stage.posts()] == [2]


def test_a_release_phase_is_watched(stage: Stage) -> None:
    stage.phase(PROD)
    version = stage.deploy()
    stage.look()

    row = stage.promotion(version)
    assert row.status is Status.RELEASING
    stage.finish(PROD, int(row.target_version or 0))
    stage.age(seconds=2)
    assert stage.promotion(version).status is Status.SUCCEEDED
    assert stage.posts_sent() == 1


def test_a_slug_that_is_gone_ends_as_rejected(stage: Stage) -> None:
    stage.wire.put(wire.answers(404, applied=False), method="GET", path="/apps/[^/]+/slugs/.*")
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.WAITING
    stage.wire.put(wire.answers(404, applied=False), method="GET", path="/apps/[^/]+/slugs/.*")
    stage.age(seconds=125)

    assert stage.promotion(version).status is Status.REJECTED


def test_an_answer_that_is_no_json_is_no_yes(stage: Stage) -> None:
    def half(_: httpx.Request, send: Any) -> httpx.Response:
        response = send()
        response.read()
        return httpx.Response(201, content=response.content[:-9])

    stage.wire.put(half)
    version = stage.deploy()
    stage.look()

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert (stage.times_released(version), stage.posts_sent()) == (1, 1)
