"""A pipeline promotion of unknown fate: known by artifact, account and version, never repeated."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from listener.core.promotion import Status
from listener.core.rule import Strategy
from tests.worker import wire
from tests.worker.emulated import BO, PROD, ROBOT, STAGING
from tests.worker.pipes import PROMOTIONS, TARGETS, arrival, arrive, by_pipeline, lose, promote_late
from tests.worker.stage import Stage

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
    piped.age(seconds=seconds - piped.since_post())
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


def test_a_release_is_known_as_ours_though_the_listener_has_another_user_by_now(
    piped: Stage,
) -> None:
    version = lose(piped)
    other = {"id": "another-user", "email": "robot-2@example.com"}
    piped.wire.put(wire.edited(lambda _: other), method="GET", path="/account", times=9)
    piped.context.reader._account = None  # noqa: SLF001 - as in a process started anew
    piped.age(seconds=58)
    promote_late(piped)
    piped.age(seconds=3)
    assert piped.promotion(version).status is Status.SUCCEEDED


def test_another_user_asks_anew_and_does_not_send_the_same_post_again(piped: Stage) -> None:
    """A release of the one user could not be told from the other's by one post."""
    version = lose(piped)
    other = {"id": "another-user", "email": "robot-2@example.com"}
    piped.wire.put(wire.edited(lambda _: other), method="GET", path="/account", times=9)
    piped.context.reader._account = None  # noqa: SLF001
    piped.age(seconds=61)

    assert piped.promotion(version).status is Status.SUCCEEDED
    assert piped.times_released(version) == 1
    first, second = piped.posts()
    assert (first.sends, first.outcome, second.sends) == (1, "no_trace", 1)
    assert (second.account_id, first.account_id == second.account_id) == ("another-user", False)


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


def test_a_release_whose_list_cannot_be_read_is_asked_for_again(piped: Stage) -> None:
    version = piped.deploy()
    piped.look_only()
    piped.step_until(Status.RELEASING)
    prod = f"/apps/{piped.app(PROD).id}/releases"
    piped.wire.put(wire.answers(503, applied=False), method="GET", path=prod)
    piped.work()
    row = piped.promotion(version)
    assert (row.status, row.target_release_id) == (Status.RELEASING, None)
    assert row.reason.startswith("The target's list could not be read: ")

    piped.age(seconds=6)
    assert piped.promotion(version).status is Status.SUCCEEDED
    assert piped.times_released(version) == 1
