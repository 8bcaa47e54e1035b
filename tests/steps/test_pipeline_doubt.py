"""A pipeline promotion of unknown fate: known by artifact, account and version, never repeated."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from listener.promotion import Status
from listener.rules import Strategy
from tests.steps import wire
from tests.steps.emulated import BO, EU, PROD, ROBOT, STAGING
from tests.steps.pipes import (
    PROMOTIONS,
    TARGETS,
    arrival,
    arrive,
    by_pipeline,
    couple,
    lose,
    promote_late,
)
from tests.steps.stage import Stage

PAGE = "<html>Application error</html>"
DOUBTS: dict[str, dict[str, Any]] = {
    "408": {"status": 408},
    "500": {"status": 500},
    "502": {"status": 502, "body": PAGE},
    "200-unreadable": {"status": 200, "body": PAGE},
    "201-empty": {"status": 201, "body": ""},
    "201-without-id": {"status": 201, "body": {"status": "pending"}},
    "201-with-an-odd-id": {"status": 201, "body": {"id": "../apps", "status": "pending"}},
}


@pytest.fixture
def piped(bare: Stage) -> Stage:
    """Staging and production in one pipeline, and a rule that promotes by it."""
    return by_pipeline(bare)


@pytest.mark.parametrize("answer", DOUBTS.values(), ids=DOUBTS.keys())
def test_a_lost_answer_is_found_on_the_target_at_once(piped: Stage, answer: dict[str, Any]) -> None:
    piped.wire.put(wire.answers(applied=True, **answer), path=PROMOTIONS)
    version = piped.deploy()
    piped.look()

    row, (post,) = piped.promotion(version), piped.posts()
    assert (row.status, row.target_version) == (Status.SUCCEEDED, piped.current())
    assert (post.release_id, post.heroku_promotion_id) == (row.target_release_id, None)
    assert (piped.times_released(version), piped.posts_sent()) == (1, 1)
    assert piped.held() == []


@pytest.mark.parametrize("answer", DOUBTS.values(), ids=DOUBTS.keys())
def test_what_left_no_trace_is_sent_again_after_the_last_look(
    piped: Stage, answer: dict[str, Any]
) -> None:
    piped.wire.put(wire.answers(applied=False, **answer), path=PROMOTIONS)
    version = piped.deploy()
    piped.look()
    assert piped.promotion(version).status is Status.POSTING
    piped.age(seconds=31)
    assert (piped.posts_sent(), piped.due_after_post()) == (1, 60)

    piped.age(seconds=30)
    assert piped.promotion(version).status is Status.SUCCEEDED
    assert (piped.times_released(version), piped.posts_sent()) == (1, 2)
    assert [post.sends for post in piped.posts()] == [2]


@pytest.mark.parametrize("seconds", [3, 20, 58])
def test_a_release_is_adopted_at_the_first_find(piped: Stage, seconds: int) -> None:
    version = lose(piped)
    piped.age(seconds=seconds)
    made = promote_late(piped)
    piped.age(seconds=60 - seconds)

    row = piped.promotion(version)
    assert (row.status, row.target_version) == (Status.SUCCEEDED, made)
    assert piped.posts_sent() == 0


def test_what_is_found_pending_is_watched(piped: Stage) -> None:
    piped.phase(PROD)
    piped.wire.put(wire.answer_lost, path=PROMOTIONS)
    version = piped.deploy()
    piped.look()

    row = piped.promotion(version)
    assert row.status is Status.RELEASING
    piped.finish(PROD, int(row.target_version or 0), "failed")
    piped.age(seconds=2)
    assert piped.promotion(version).status is Status.FAILED


def test_somebody_elses_release_of_the_same_code_is_not_adopted(piped: Stage) -> None:
    version = lose(piped)
    promote_late(piped, user=BO)
    piped.age(seconds=61)

    row = piped.promotion(version)
    assert (row.status, row.target_version) == (Status.SKIPPED, None)
    assert piped.posts_sent() == 0


def test_another_installations_release_by_our_account_is_not_adopted(piped: Stage) -> None:
    version = lose(piped)
    slug = piped.posts()[-1].artifact
    words = "Promote acme-staging v42 (autopromote 0badc0de)"
    piped.deploy(PROD, slug_id=slug, description=words, user=ROBOT)
    piped.age(seconds=61)

    assert piped.promotion(version).target_version is None
    assert [hold.kind for hold in piped.held()] == ["detected"]
    assert piped.posts_sent() == 0


def test_of_several_releases_the_highest_is_adopted_and_a_hold_put(piped: Stage) -> None:
    piped.wire.put(wire.twice, path=PROMOTIONS)
    version = piped.deploy()
    piped.look()

    row = piped.promotion(version)
    assert (row.status, row.target_version) == (Status.SUCCEEDED, piped.current())
    (hold,) = piped.held()
    assert f"v{piped.current() - 1} too" in hold.reason


def test_two_promotions_without_trace_end_as_errored_and_put_a_hold(piped: Stage) -> None:
    version = lose(piped)
    piped.wire.put(wire.lost, path=PROMOTIONS)
    piped.age(seconds=61)
    piped.age(seconds=61)

    row = piped.promotion(version)
    assert (row.status, piped.posts_sent()) == (Status.ERRORED, 1)
    assert [hold.reason for hold in piped.held()] == [row.reason]


def test_a_hold_put_meanwhile_takes_it_back_to_waiting(piped: Stage) -> None:
    version = lose(piped)
    piped.put_hold()
    piped.age(seconds=61)

    assert piped.promotion(version).status is Status.WAITING
    assert piped.posts_sent() == 0


def test_a_second_sending_goes_the_way_of_the_first_though_the_rule_changed(piped: Stage) -> None:
    """By slug its release would have a nonce, and the first one could not be told from it."""
    version = lose(piped)
    piped.change_rule(strategy=Strategy.SLUG)
    piped.age(seconds=61)

    assert piped.promotion(version).status is Status.SUCCEEDED
    assert piped.wire.take_calls().count("POST /pipeline-promotions") == 1
    assert [post.strategy for post in piped.posts()] == ["pipeline"]


def test_another_user_does_not_send_a_second_time(piped: Stage) -> None:
    """The listener got another token: a release of the first sending is still known as ours."""
    version = lose(piped)
    other = {"id": "another-user", "email": "robot-2@example.com"}
    piped.wire.put(wire.edited(lambda _: other), method="GET", path="/account", times=9)
    piped.tools.readings._account_id = None  # noqa: SLF001 - as in a process started anew
    piped.age(seconds=58)
    promote_late(piped)
    piped.age(seconds=3)
    assert piped.promotion(version).status is Status.SUCCEEDED

    second = lose(piped)
    piped.wire.troubles.clear()
    piped.tools.readings._account_id = None  # noqa: SLF001
    piped.put_hold()
    piped.age(seconds=61)
    row = piped.promotion(second)
    assert (row.status, piped.posts_sent()) == (Status.WAITING, 0)


def test_a_claim_in_posting_is_always_in_doubt(piped: Stage) -> None:
    """The process died between its commit and whatever it did then."""
    version = piped.deploy()
    piped.look()
    with piped.database.begin() as conn:
        conn.exec_driver_sql(
            "UPDATE promotion SET status = 'posting', due_at = now(), target_release_id = NULL"
        )
        conn.exec_driver_sql(
            "UPDATE post SET outcome = NULL, release_id = NULL, sent_at = now(),"
            " heroku_promotion_id = NULL"
        )
    piped.wire.take_calls()
    piped.work()

    assert piped.promotion(version).status is Status.SUCCEEDED
    assert (piped.posts_sent(), piped.times_released(version)) == (0, 1)


# After Heroku's yes: which release is it?


def test_where_heroku_does_not_tell_the_release_the_list_does(piped: Stage) -> None:
    piped.wire.put(wire.answers(404, applied=False), method="GET", path=TARGETS)
    version = piped.deploy()
    piped.look()

    assert piped.promotion(version).status is Status.SUCCEEDED
    assert (piped.posts_sent(), piped.times_released(version)) == (1, 1)


@pytest.mark.parametrize(
    "told",
    [
        [],
        [{"app": {"id": "another"}, "status": "succeeded", "release": {"id": "r"}}],
        "odd",
    ],
    ids=["nothing", "another-app", "odd"],
)
def test_a_yes_that_says_nothing_of_the_target_is_searched_for(piped: Stage, told: Any) -> None:
    piped.wire.put(wire.edited(lambda _: told), method="GET", path=TARGETS)
    version = piped.deploy()
    piped.look()

    assert piped.promotion(version).status is Status.SUCCEEDED


def test_a_success_without_a_release_is_none_until_the_list_shows_one(piped: Stage) -> None:
    def bare_success(found: Any) -> Any:
        return [{**found[0], "release": None, "status": "succeeded"}]

    arrival(piped)
    piped.wire.put(wire.edited(bare_success), method="GET", path=TARGETS, times=2)
    version = piped.deploy()
    piped.look()
    assert piped.promotion(version).status is Status.RELEASING
    arrive(piped)
    piped.age(seconds=6)
    assert piped.promotion(version).status is Status.SUCCEEDED


def test_a_promotion_that_never_comes_to_a_release_ends_as_errored(piped: Stage) -> None:
    arrival(piped)
    version = piped.deploy()
    piped.look()
    piped.age(minutes=70)
    assert piped.promotion(version).status is Status.RELEASING
    piped.age(minutes=6)

    row = piped.promotion(version)
    assert row.status is Status.ERRORED
    assert [hold.reason for hold in piped.held()] == [row.reason]
    assert [post.outcome for post in piped.posts()] == ["unknown"]
    assert piped.posts_sent() == 1


def test_an_unreadable_heroku_is_asked_again_and_ends_as_errored_at_last(piped: Stage) -> None:
    arrival(piped)
    version = piped.deploy()
    piped.look()
    piped.wire.put(wire.answers(503, applied=False), method="GET", times=500)
    piped.age(minutes=60)
    assert piped.promotion(version).status is Status.RELEASING
    piped.age(minutes=16)

    assert piped.promotion(version).status is Status.ERRORED
    assert piped.posts_sent() == 1


def test_a_list_that_lags_behind_is_read_again(piped: Stage) -> None:
    prod = f"/apps/{piped.app(PROD).id}/releases"
    version = piped.deploy()

    def lagging(found: Any) -> Any:
        return [{**release, "current": True} for release in found if release["version"] < 4]

    piped.look_only()
    piped.step_until(Status.RELEASING)
    piped.wire.put(wire.edited(lagging), method="GET", path=prod)
    piped.work()
    row = piped.promotion(version)
    assert (row.status, row.target_version) == (Status.RELEASING, None)
    assert row.target_release_id is not None
    piped.age(seconds=2)
    assert piped.promotion(version).status is Status.SUCCEEDED


def test_a_release_of_other_code_than_was_asked_for_is_no_success(piped: Stage) -> None:
    """Heroku may ignore what release was named, or give an image another id."""

    def ignore(request: httpx.Request, send: wire.Send) -> httpx.Response:
        piped.deploy()
        changed = request.content.replace(first.encode(), newest().encode())
        return piped.wire.inner.handle_request(
            httpx.Request("POST", request.url, headers=_plain(request), content=changed)
        )

    version = piped.deploy()
    first = str(piped.release(STAGING, version)["id"])

    def newest() -> str:
        return str(piped.releases(STAGING)[-1]["id"])

    piped.wire.put(ignore, path=PROMOTIONS)
    piped.look()

    row = piped.promotion(version)
    assert row.status is Status.ERRORED
    assert "was asked for" in row.reason
    assert [hold.kind for hold in piped.held()] == ["guard"]


def _plain(request: httpx.Request) -> dict[str, str]:
    return {k: v for k, v in request.headers.items() if k != "content-length"}


# Nobody takes our own release for a stranger's.


@pytest.mark.parametrize("while_", ["doubted", "followed"])
def test_a_release_under_way_puts_no_hold(piped: Stage, while_: str) -> None:
    """Whoever reads the target meanwhile knows it, though Heroku shows our descriptions."""
    piped.change_rule(strategy=Strategy.SLUG)
    piped.deploy()
    piped.look()
    piped.change_rule(strategy=Strategy.PIPELINE)
    if while_ == "doubted":
        version = lose(piped)
        promote_late(piped)
        piped.configure(PROD)
    else:
        piped.wire.put(wire.answers(503, applied=False), method="GET", path=TARGETS, times=9)
        arrival(piped)
        version = piped.deploy()
        piped.look()
        arrive(piped)
        piped.configure(PROD)
    piped.reconcile_only()
    piped.step(piped.looking)
    piped.step(piped.looking)
    assert piped.held() == []
    piped.wire.troubles.clear()
    piped.age(seconds=61)
    assert piped.promotion(version).status is Status.SUCCEEDED
    assert piped.times_released(version) == 2  # ours, and the config change


def test_what_a_person_did_meanwhile_still_puts_a_hold(piped: Stage) -> None:
    version = lose(piped)
    piped.hotfix()
    piped.reconcile_only()
    piped.step(piped.looking)
    piped.step(piped.looking)

    assert [hold.kind for hold in piped.held()] == ["detected"]
    assert piped.promotion(version).status is Status.POSTING


def given_up(stage: Stage) -> int:
    """A promotion that was sent twice in vain, and its hold released."""
    version = lose(stage)
    stage.wire.put(wire.lost, path=PROMOTIONS)
    stage.age(seconds=61)
    stage.age(seconds=61)
    stage.release_hold()
    return version


def test_a_release_that_turns_up_late_is_ours_and_told(piped: Stage) -> None:
    version = given_up(piped)
    promote_late(piped)
    piped.reconcile()
    piped.configure(PROD)
    piped.reconcile()

    assert piped.promotion(version).status is Status.ERRORED
    assert piped.held() == []
    assert piped.notices()[-1] == f"A late release on {PROD}"
    assert piped.notices().count(f"A late release on {PROD}") == 1
    assert [post.outcome for post in piped.posts()] == ["late"]


def test_a_late_release_that_is_not_known_to_be_newer_puts_a_hold(piped: Stage) -> None:
    given_up(piped)
    slug = piped.posts()[-1].artifact
    newer = piped.deploy()
    piped.look()
    assert piped.runs(newer)
    piped.hotfix()
    piped.reconcile()
    piped.release_hold()
    piped.deploy(PROD, slug_id=slug, description="Promote acme-staging v4", user=ROBOT)
    piped.reconcile()

    (hold,) = piped.held()
    assert "had been given up" in hold.reason
    assert "Or somebody did" in hold.reason


def test_a_day_later_it_is_somebodys_doing(piped: Stage) -> None:
    given_up(piped)
    piped.shift(piped.seconds(25 * 3600))
    promote_late(piped)
    piped.reconcile()

    assert f"A late release on {PROD}" not in piped.notices()
    assert piped.held() == []  # promoted forward by hand


def test_a_config_change_after_all_is_no_late_release(piped: Stage) -> None:
    version = given_up(piped)
    piped.desk.retry(str(piped.promotion(version).id), by="ana@example.com")
    piped.age(seconds=1)
    assert piped.promotion(version).status is Status.SUCCEEDED
    piped.configure(PROD)
    piped.reconcile()

    assert f"A late release on {PROD}" not in piped.notices()


# In a chain.


def test_released_alone_is_not_succeeded_where_no_nonce_tells(bare: Stage) -> None:
    """Our promotion onto the source is in doubt, while its release shows already."""
    couple(bare)
    bare.add_rule(strategy=Strategy.PIPELINE)
    bare.add_rule("on", source=PROD, targets=(EU,))
    bare.wire.put(wire.answer_lost, path=PROMOTIONS)
    path, seen = f"/apps/{bare.app(PROD).id}/releases", list[Status]()
    version = bare.deploy()

    def look() -> None:
        bare.look(PROD)
        seen.extend(row.status for row in bare.promotions() if row.source_id == prod)

    prod = bare.app(PROD).id
    bare.look_only()
    bare.step_until(Status.POSTING)
    bare.wire.put(wire.before(look), method="GET", path=path)
    bare.work()

    assert seen == [Status.WAITING]
    assert bare.runs(version, EU)
