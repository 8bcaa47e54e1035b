"""A release waits for the checks of its commit at GitHub, which work of its own reads."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select, update

from listener.core.promotion import Status
from listener.core.verification import GOOD_IN_A_ROW
from listener.db import commit_checks, queue, waiting_promotions
from listener.db.commit_tables import commit_check
from listener.db.tables import promotion
from listener.inventory.context import Clock
from listener.services import explain
from listener.services.promote import NewOverride, NewPromotions
from listener.worker import create_release, evaluate
from listener.worker.candidates import gather, stored
from listener.worker.create_release import PreconditionChanged
from listener.worker.job import Job
from listener.worker.known import known
from listener.worker.queues import PROMOTING, READING
from tests.worker import wire
from tests.worker.emulated import ANA, BO, EU, PROD, ROBOT, STAGING
from tests.worker.hub import SHOP, Hub
from tests.worker.pipes import couple
from tests.worker.site import Site
from tests.worker.stage import LEASE, Stage
from tests.worker.test_lock_order import PATIENCE_SECONDS, somebody_waits

CALLS = 3  # of one reading: suites, runs, statuses


def repository_of(stage: Stage) -> None:
    """The pipeline of both apps has a repository."""
    stage.control(f"pipelines/{couple(stage)}/repo", {"full_name": SHOP}, method="PUT")


@pytest.fixture
def hub(bare: Stage) -> Hub:
    """A rule that asks for every check, and a repository."""
    made = Hub(bare)
    made.push("Begin")
    repository_of(bare)
    bare.add_rule(conditions={"github_checks": True})
    return made


def deploy(hub: Hub, sha: str, **more: Any) -> int:
    """The commit on staging, and what follows from it."""
    version = hub.stage.deploy(commit=sha, **more)
    hub.stage.look()
    hub.read()
    return version


def gate(stage: Stage, version: int) -> dict[str, Any]:
    """What the gate said last."""
    row = stage.promotion(version)
    found: dict[str, Any] = next(each for each in row.gates if each["name"] == "github-checks")
    return found


def test_it_waits_for_checks_and_goes_when_they_are_green(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test")
    hub.status(sha, "ci/build", "success")
    version = deploy(hub, sha)
    said = f"1 of 2 checks of {sha[:7]} is not done: test."
    assert (stage.promotion(version).status, gate(stage, version)["message"]) == (
        Status.WAITING,
        said,
    )
    hub.run(sha, "test", "success")
    hub.age(seconds=5)

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert gate(stage, version)["message"] == f"All 2 checks of {sha[:7]} are well."


def test_what_failed_is_told_with_its_link_and_goes_once_it_is_run_again(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test", "failure", details_url="https://ci.example.com/1")
    version = deploy(hub, sha)
    said = gate(stage, version)
    [failed] = said["facts"]["failed"]
    assert said["message"] == f"Check test of {sha[:7]} failed ({failed['url']})."
    assert (failed["name"], failed["state"]) == ("test", "failure")
    told = f"Promotion {stage.promotion(version).id} of {STAGING} v{version} to {PROD} is blocked"
    assert stage.notices() == [told]
    hub.run(sha, "test")
    hub.age(seconds=5)
    assert "is not done" in gate(stage, version)["message"]
    hub.run(sha, "test", "success")
    hub.age(seconds=60)

    assert stage.runs(version)


def test_no_check_at_all_is_not_passed(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    hub.status(sha, "autopromote/ship/acme-prod", "success")
    version = deploy(hub, sha)

    assert stage.promotion(version).status is Status.WAITING
    assert gate(stage, version)["message"] == f"No check of {sha[:7]} is there yet."


def test_it_is_rejected_when_the_time_is_over_and_not_sooner(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test", "failure")
    version = deploy(hub, sha)
    hub.age(hours=23)
    assert stage.promotion(version).status is Status.WAITING
    stage.wire.take_calls()
    hub.age(hours=1)

    row = stage.promotion(version)
    assert not any("releases" in call for call in stage.wire.take_calls())
    assert row.status is Status.REJECTED
    assert row.reason.endswith("That lasted for 1d.")
    assert stage.posts_sent() == 0


def test_what_was_green_for_a_day_has_all_its_time_when_it_turns_red(hub: Hub) -> None:
    """It was asked for right before a release that did not come, for a hold was put."""
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test", "success")
    version = stage.deploy(commit=sha)
    stage.look()
    assert gate(stage, version)["facts"]["asks"]
    stage.put_hold()
    stage.work()
    turns_red(hub, sha, version)
    hub.age(hours=23)
    assert stage.promotion(version).status is Status.WAITING
    hub.age(hours=1)

    assert stage.promotion(version).status is Status.REJECTED


def turns_red(hub: Hub, sha: str, version: int) -> None:
    """More than a day later the checks fail, and the hold is released: it waits for them."""
    hub.age(hours=30)
    hub.run(sha, "test", "failure")
    hub.stage.release_hold()
    hub.stage.work()
    hub.read()
    assert "failed" in gate(hub.stage, version)["message"]
    assert hub.stage.promotion(version).status is Status.WAITING


def test_what_was_waited_for_and_green_has_all_its_time_when_it_turns_red(hub: Hub) -> None:
    """A hold was put right after GitHub told that the checks are well."""
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test")
    version = deploy(hub, sha)
    assert "is not done" in gate(stage, version)["message"]
    hub.run(sha, "test", "success")
    stage.shift(stage.seconds(5))
    assert stage.step(READING[:1])
    stage.put_hold()
    stage.work()
    assert gate(stage, version)["verdict"] == "pass"
    turns_red(hub, sha, version)
    hub.age(hours=24)
    assert stage.promotion(version).status is Status.REJECTED


def test_who_said_yes_again_while_it_waited_for_checks_is_still_counted(bare: Stage) -> None:
    """The approvals asked for it within a day; the second yes is later."""
    hub = Hub(bare)
    sha = hub.push()
    repository_of(bare)
    wish = {"github_checks": True, "checks_timeout": "72h", "approvals": 1}
    bare.add_rule(conditions={**wish, "approval_timeout": "24h"})
    hub.run(sha, "test")
    version = deploy(hub, sha)
    bare.approve(version, BO)
    bare.work()
    hub.read()
    assert "is not done" in gate(bare, version)["message"]
    hub.age(hours=30)
    bare.approve(version, BO)
    hub.run(sha, "test", "success")
    bare.shift(bare.seconds(900))
    assert bare.step(READING[:1])
    bare.put_hold()
    bare.work()
    assert gate(bare, version)["verdict"] == "pass"
    bare.release_hold()
    bare.work()
    hub.read()

    assert bare.runs(version)


def test_a_retry_has_all_its_time_again(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test", "failure")
    version = deploy(hub, sha)
    hub.age(hours=24)
    stage.desk.retry(str(stage.promotion(version).id), by=ANA)
    stage.work()
    hub.read()
    assert stage.promotion(version).status is Status.WAITING
    hub.run(sha, "test", "success")
    hub.age(seconds=60)

    assert stage.runs(version)


@pytest.mark.parametrize(
    ("conditions", "goes"),
    [
        ({"required_checks": ["test"]}, True),
        ({"required_checks": ["deploy-preview"]}, False),
        ({"github_checks": True, "ignored_checks": ["lint"]}, True),
        ({"github_checks": True}, False),
    ],
)
def test_which_checks_count(bare: Stage, conditions: dict[str, Any], *, goes: bool) -> None:
    hub = Hub(bare)
    sha = hub.push()
    repository_of(bare)
    bare.add_rule(conditions=conditions)
    hub.run(sha, "test", "success")
    hub.run(sha, "lint", "failure")
    version = deploy(hub, sha)
    assert bare.runs(version) is goes


@pytest.mark.parametrize("conditions", [{"github_checks": True}, {"required_checks": ["build"]}])
def test_a_red_job_is_not_hidden_by_a_green_one_of_the_same_name(
    bare: Stage, conditions: dict[str, Any]
) -> None:
    hub = Hub(bare)
    sha = hub.push()
    repository_of(bare)
    bare.add_rule(conditions=conditions)
    hub.run(sha, "build", "failure", suite="ci.yml")
    hub.run(sha, "build", "success", suite="release.yml")
    version = deploy(hub, sha)
    assert f"Check build of {sha[:7]} failed" in gate(bare, version)["message"]
    assert bare.promotion(version).status is Status.WAITING
    hub.run(sha, "build", "success", suite="ci.yml")
    hub.age(seconds=60)

    assert bare.runs(version)


def test_a_workflow_of_which_the_next_job_has_not_begun_is_not_done(hub: Hub) -> None:
    """A job that needs another one has no check run before that one ends."""
    stage, sha = hub.stage, hub.push()
    hub.suite(sha, "ci.yml", status="in_progress")
    hub.run(sha, "lint", "success", suite="ci.yml")
    version = deploy(hub, sha)
    said = f"1 of 2 checks of {sha[:7]} is not done: github-actions (not all begun)."
    assert (stage.promotion(version).status, gate(stage, version)["message"]) == (
        Status.WAITING,
        said,
    )
    hub.run(sha, "test", suite="ci.yml")
    hub.age(seconds=5)
    assert gate(stage, version)["message"] == f"1 of 2 checks of {sha[:7]} is not done: test."
    hub.run(sha, "test", "success", suite="ci.yml")
    hub.suite(sha, "ci.yml", conclusion="success")
    hub.age(seconds=60)

    assert stage.runs(version)


def test_ci_that_has_not_registered_is_waited_for_when_a_bot_was_quicker(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "spelling", "success", app="bot", suite="bot")
    hub.suite(sha, "ci.yml")
    version = deploy(hub, sha)
    said = f"1 of 2 checks of {sha[:7]} is not done: github-actions (not all begun)."
    assert gate(stage, version)["message"] == said
    hub.suite(sha, "ci.yml", conclusion="startup_failure")
    hub.age(seconds=60)
    said = f"Check github-actions (never began) of {sha[:7]} could not start."
    assert gate(stage, version)["message"] == said
    assert stage.promotion(version).status is Status.WAITING


def test_apps_that_never_run_anything_keep_nothing_waiting(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test", "success", suite="ci.yml")
    hub.suite(sha, "dependabot", app="dependabot", age=180)

    assert stage.runs(deploy(hub, sha))


def test_a_workflow_that_stands_in_a_line_is_not_forgotten(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test", "success", suite="ci.yml")
    hub.suite(sha, "slow.yml", age=3 * 3600)
    version = deploy(hub, sha)

    assert not stage.runs(version)
    assert "not all begun" in stage.promotion(version).reason


def test_two_targets_cost_one_reading(bare: Stage) -> None:
    hub = Hub(bare)
    sha = hub.push()
    repository_of(bare)
    bare.add_rule(targets=(PROD, EU), conditions={"github_checks": True})
    hub.run(sha, "test", "success")
    version = deploy(hub, sha)

    assert {bare.promotion(version, each).status for each in (PROD, EU)} == {Status.SUCCEEDED}
    assert len(hub.wire.take_calls()) == CALLS


def test_github_is_asked_only_when_the_cheaper_gates_pass_and_while_somebody_waits(
    bare: Stage,
) -> None:
    hub = Hub(bare)
    sha = hub.push()
    repository_of(bare)
    bare.add_rule(conditions={"github_checks": True, "soak": "30m"})
    hub.run(sha, "test")
    version = deploy(hub, sha)
    hub.age(minutes=10)
    assert hub.wire.take_calls() == []
    hub.age(minutes=20)
    assert len(hub.wire.take_calls()) == CALLS
    bare.put_hold()
    bare.work()
    hub.age(seconds=60)
    hub.age(minutes=10)
    assert hub.wire.take_calls() == []
    bare.release_hold()
    bare.work()
    hub.read()
    assert len(hub.wire.take_calls()) == CALLS
    bare.cancel(bare.promotion(version))
    hub.age(minutes=10)

    assert hub.wire.take_calls() == []


def test_it_is_asked_less_often_the_longer_it_is_pending(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test")
    deploy(hub, sha)
    pauses = []
    for _ in range(40):
        pauses.append(pause_of(stage))
        hub.age(seconds=due_in(stage) + 0.1)

    assert all(3 <= pause <= 5 for pause in pauses[:3])
    assert all(later >= sooner - 3 for sooner, later in pairwise(pauses))
    assert 50 <= pauses[-1] <= 60


def pause_of(stage: Stage) -> float:
    """Seconds from the last reading of checks to the next one, however long the test takes."""
    with stage.database.begin() as conn:
        read_at, due_at = conn.execute(select(commit_check.c.read_at, commit_check.c.due_at)).one()
    return float((due_at - read_at).total_seconds())


def due_in(stage: Stage) -> float:
    """Seconds until the checks are read again."""
    with stage.database.begin() as conn:
        found = queue.until_next(conn, [READING[0].kind])
    assert found is not None
    return found


def test_what_changes_wakes_it_and_what_does_not_costs_no_step(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test")
    hub.run(sha, "lint")
    version = deploy(hub, sha)
    decided = stage.promotion(version).evaluated_at
    stage.shift(stage.seconds(6))
    assert stage.step(READING[:1])
    assert not stage.step()
    hub.run(sha, "lint", "success")
    stage.shift(stage.seconds(11))
    assert stage.step(READING[:1])
    assert stage.step()

    assert stage.promotion(version).evaluated_at != decided
    assert gate(stage, version)["message"] == f"1 of 2 checks of {sha[:7]} is not done: test."


def test_it_goes_at_once_when_github_tells_of_a_change(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test")
    version = deploy(hub, sha)
    for _ in range(3):  # so that it is not read again by itself for a while
        hub.age(minutes=4)
    hub.run(sha, "test", "success")
    hub.age(seconds=2)
    assert stage.promotion(version).status is Status.WAITING
    with stage.database.begin() as conn:
        assert commit_checks.hasten(conn, SHOP.upper(), sha) == 1
    hub.read()

    assert stage.runs(version)


def test_nothing_is_read_while_something_else_is_in_the_way(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test")
    version = deploy(hub, sha)
    stage.control("rate-limits", {"email": ROBOT, "remaining": 50})
    stage.context.heroku.account()
    hub.run(sha, "test", "success")
    hub.age(seconds=5)
    assert "are kept for rollbacks" in stage.promotion(version).reason
    hub.wire.take_calls()
    hub.run(sha, "test", "failure")
    hub.age(seconds=31)

    assert hub.wire.take_calls() == []


def test_a_pass_that_got_old_is_asked_for_once_more(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test", "success")
    version = stage.deploy(commit=sha)
    stage.look()
    assert stage.step(READING[:1])
    hub.run(sha, "test", "failure")
    stage.shift(stage.seconds(31))
    stage.work()
    assert gate(stage, version)["facts"]["asks"]
    hub.read()

    assert stage.promotion(version).status is Status.WAITING
    assert "failed" in gate(stage, version)["message"]


def test_what_turns_red_within_those_seconds_is_not_seen(hub: Hub) -> None:
    """The limit of what is promised, as the README tells it."""
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test", "success")
    version = stage.deploy(commit=sha)
    stage.look()
    assert stage.step(READING[:1])
    hub.run(sha, "test", "failure")
    stage.shift(stage.seconds(15))
    stage.work()

    assert stage.runs(version)


def test_nothing_is_posted_on_what_github_told_too_long_ago(hub: Hub) -> None:
    """Heroku is slow between the decision and the post."""
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test", "success")
    version = stage.deploy(commit=sha)
    stage.look()
    assert stage.step(READING[:1])
    with stage.database.begin() as conn:
        claim = PROMOTING[0].claim(conn, "test")
    assert claim is not None
    job = Job(stage.context, claim, clock := Clock(claim.claimed_at))
    gathered = gather(job)
    known = gathered.candidate.commit_checks
    assert known is not None
    for seconds, is_old in ((31, True), (15, False)):
        aged = replace(known, read_at=clock.now() - stage.seconds(seconds))
        candidate = replace(gathered.candidate, commit_checks=aged)
        context = pytest.raises(PreconditionChanged, match="asked for") if is_old else nullcontext()
        with context, stage.database.begin() as conn:
            create_release.check(conn, job, replace(gathered, candidate=candidate))
    assert version


def test_a_rule_may_name_the_repository(bare: Stage) -> None:
    hub = Hub(bare)
    sha = hub.push()
    bare.add_rule(conditions={"github_checks": True, "repo": SHOP})
    hub.run(sha, "test", "success")

    assert bare.runs(deploy(hub, sha))


def test_what_another_rule_names_decides_nothing(bare: Stage) -> None:
    """Somebody's rule to a sandbox names a fork, where the same commit is green."""
    hub = Hub(bare)
    hub.push()
    sha = hub.push()
    same = [{"message": "Fix the cart", "sha": sha}]
    bare.control("repositories", {"full_name": "mallory/fork", "commits": same})
    repository_of(bare)
    bare.add_rule(conditions={"github_checks": True})
    asked = {"github_checks": True, "repo": "mallory/fork"}
    bare.add_rule("sandbox", targets=(EU,), conditions=asked)
    hub.run(sha, "test", "failure")
    hub.control("repos/mallory/fork/statuses", sha=sha, context="test", state="success")
    version = deploy(hub, sha)

    assert bare.promotion(version, EU).status is Status.SUCCEEDED
    assert bare.promotion(version).status is Status.WAITING
    assert gate(bare, version)["message"].startswith(f"Check test of {sha[:7]} failed")


def test_health_checks_are_asked_once_the_checks_are_well(bare: Stage, site: Site) -> None:
    hub = Hub(bare)
    sha = hub.push()
    bare.add_rule(conditions={"github_checks": True, "checks": [site.url], "repo": SHOP})
    hub.run(sha, "test")
    version = deploy(hub, sha)
    assert site.asked == 0
    hub.run(sha, "test", "success")
    for _ in range(4):
        hub.age(seconds=5)

    assert bare.runs(version)
    assert site.asked == GOOD_IN_A_ROW


def test_a_second_post_asks_github_once_more(hub: Hub) -> None:
    """What was in doubt waits again, for no step of a promotion asks GitHub."""
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test", "success")
    version = stage.deploy(commit=sha)
    stage.look()
    stage.wire.put(wire.lost)
    hub.read()
    assert stage.promotion(version).status is Status.POSTING
    hub.run(sha, "test", "failure")
    hub.age(seconds=61)
    assert stage.promotion(version).status is Status.WAITING
    hub.run(sha, "test", "success")
    hub.age(seconds=60)

    assert (stage.promotion(version).status, stage.times_released(version)) == (
        Status.SUCCEEDED,
        1,
    )


# What nobody tells.


def test_without_credentials_a_person_must_say_it(bare: Stage) -> None:
    hub = Hub(bare, has_credentials=False)
    sha = hub.push()
    repository_of(bare)
    bare.add_rule(conditions={"github_checks": True})
    version = deploy(hub, sha)
    said = gate(bare, version)["message"]
    assert "No credentials of GitHub are set" in said
    [explained] = explain.explain(bare.context, STAGING, version=version).sayings
    assert explained.says.startswith(f"waiting: {said}")
    assert bare.promotion(version).status is Status.WAITING
    assert bare.notices() == [f"{what(bare, version)} waits for approval"]
    bare.approve(version, BO)
    bare.work()

    assert bare.runs(version)
    assert hub.wire.take_calls() == []


def what(stage: Stage, version: int) -> str:
    """What notices call the promotion."""
    return f"Promotion {stage.promotion(version).id} of {STAGING} v{version} to {PROD}"


def test_without_a_commit_a_person_must_say_it_and_github_is_not_asked(hub: Hub) -> None:
    stage = hub.stage
    version = deploy(hub, "not a SHA")
    said = gate(stage, version)["message"]
    assert said.startswith("Nobody tells the checks of this release: Heroku names no commit of it.")
    hub.age(seconds=60)
    assert hub.wire.take_calls() == []
    stage.approve(version, BO)
    stage.work()

    assert stage.runs(version)


def test_without_a_repository_a_person_must_say_it(bare: Stage) -> None:
    hub = Hub(bare)
    sha = hub.push()
    bare.add_rule(conditions={"github_checks": True})
    version = deploy(hub, sha)
    assert "Heroku does not tell the repository" in gate(bare, version)["message"]
    assert gate(bare, version)["facts"]["needs"] == "word"
    bare.reject(version, BO)
    bare.work()

    assert bare.promotion(version).status is Status.REJECTED


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_github_refuses_is_said_at_once(hub: Hub, status: int) -> None:
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test", "success")
    hub.wire.put(wire.answers(status, applied=False, body={"message": "No."}), method="GET")
    version = deploy(hub, sha)
    assert f"GitHub answered {status}" in gate(stage, version)["message"]
    assert stage.notices() == [f"{what(stage, version)} waits for approval"]
    hub.age(seconds=10)

    assert stage.runs(version)  # for somebody mended it


def test_nobody_hears_of_what_github_gets_over_in_ten_minutes(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test", "success")
    hub.wire.put(wire.answers(502, applied=False), method="GET", times=1000)
    version = deploy(hub, sha)
    hub.age(minutes=5)
    hub.age(minutes=4)
    assert stage.notices() == []
    hub.age(minutes=2)
    assert stage.notices() == [f"{what(stage, version)} waits for approval"]
    hub.wire.troubles.clear()
    hub.age(minutes=6)

    assert stage.runs(version)


def test_a_word_lets_it_go_while_github_is_down(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    hub.wire.put(wire.refused, method="GET", times=1000)
    version = deploy(hub, sha)
    stage.approve(version, BO)
    stage.work()

    assert stage.runs(version)


def test_a_word_of_before_lets_nothing_go(bare: Stage) -> None:
    hub = Hub(bare)
    sha = hub.push()
    repository_of(bare)
    bare.add_rule(conditions={"github_checks": True, "approvals": 1})
    hub.wire.put(wire.refused, method="GET", times=1000)
    version = deploy(hub, sha)
    bare.shift(bare.seconds(1))
    bare.approve(version, BO)
    bare.work()
    bare.shift(bare.seconds(1))
    hub.read()
    assert "Nobody tells" in gate(bare, version)["message"]
    assert bare.promotion(version).status is Status.WAITING


def test_what_a_person_promotes_by_hand_waits_for_checks_too(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test", "failure")
    version = stage.deploy(commit=sha)
    stage.promote(version)
    stage.work()
    hub.read()
    assert {row.status for row in stage.promotions()} == {Status.WAITING}
    assert stage.posts_sent() == 0


def test_github_takes_no_more_requests_for_a_while(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test", "success")
    hub.control("rate-limits", login="robot", remaining=0, seconds=120)
    version = deploy(hub, sha)
    hub.wire.take_calls()
    assert "takes no more requests" in gate(stage, version)["message"]
    hub.age(seconds=60)

    assert hub.wire.take_calls() == []
    assert stage.promotion(version).status is Status.WAITING


def test_github_down_for_an_hour_delays_nothing_without_this_gate(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    stage.add_rule("other", targets=(EU,))
    hub.wire.put(wire.refused, method="GET", times=1000)
    version = deploy(hub, sha)
    assert stage.promotion(version, EU).status is Status.SUCCEEDED
    for _ in range(6):
        hub.age(minutes=10)
    assert stage.promotion(version).status is Status.WAITING
    hub.run(sha, "test", "success")
    hub.wire.troubles.clear()
    hub.age(minutes=6)

    assert stage.runs(version)


# Whatever happens to the process.


def test_whoever_dies_while_reading_is_followed_by_somebody_else(bare: Stage) -> None:
    hub = Hub(bare)
    repository_of(bare)
    bare.add_rule(conditions={"github_checks": True})
    for moment in range(1, 100):
        sha = hub.push(f"Change {moment}")
        hub.run(sha, "test", "success")
        version = bare.deploy(commit=sha)
        bare.look()
        bare.mortality.die_at(moment)
        try:
            hub.read()
        except wire.Killed:
            bare.mortality.die_at(None)
        else:
            break
        bare.shift(LEASE)
        bare.work()
        hub.read()
        for _ in range(5):
            hub.age(seconds=31)
        assert bare.times_released(version) == 1
    bare.mortality.die_at(None)
    assert moment > 10


def test_what_is_told_between_the_decision_and_its_wait_is_not_missed(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    stage.add_rule("other", targets=(EU,), conditions={"github_checks": True})
    hub.run(sha, "test")
    version = deploy(hub, sha)
    with stage.database.begin() as conn:
        of_prod = promotion.c.id == stage.promotion(version).id
        conn.execute(update(promotion).where(of_prod).values(gates=[], due_at=queue.NOW))
    with stage.database.begin() as conn:
        claim = PROMOTING[0].claim(conn, "test")
    assert claim is not None
    job = Job(stage.context, claim, Clock(claim.claimed_at))
    with stage.database.begin() as conn:
        found = known(conn, job.row)
        gathered = stored(conn, stage.context, job.row, found)
    assert gathered is not None
    hub.run(sha, "test", "success")
    stage.shift(stage.seconds(6))
    assert stage.step(READING[:1])
    evaluate.decide(job, gathered)
    stage.work()

    assert stage.runs(version)


def test_a_wait_and_a_reading_do_not_wait_for_each_other(hub: Hub) -> None:
    """Both lock the row of the checks before any promotion."""
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test")
    version = deploy(hub, sha)
    row = stage.promotion(version)
    with stage.database.begin() as conn:
        waiting_promotions.wake(conn, row.id)
    with ThreadPoolExecutor(1) as pool:
        with stage.database.begin() as conn:
            conn.execute(select(commit_check.c.id).with_for_update())
            done = pool.submit(stage.step, PROMOTING[:1])
            until = time.monotonic() + PATIENCE_SECONDS
            while not somebody_waits(stage):
                assert time.monotonic() < until
                assert not done.done()
            waiting_promotions.wake(conn, row.id)
        done.result()
    stage.work()
    assert gate(stage, version)["message"] == f"Check test of {sha[:7]} is not done."


# By hand and by force.


def test_a_person_may_set_the_checks_aside(hub: Hub) -> None:
    stage, sha = hub.stage, hub.push()
    hub.run(sha, "test", "failure")
    version = deploy(hub, sha)
    override = NewOverride(gates=("github-checks",), reason="CI is broken")
    wish = NewPromotions(source=STAGING, targets=(PROD,), version=version, override=override)
    stage.desk.promote_by_hand(wish, by=ANA)
    stage.work()

    assert stage.runs(version)
