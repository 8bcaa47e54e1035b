"""GitHub hears of each promotion as a Deployment: one, with its states in order, whatever dies."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import pytest

from listener.core.promotion import Status
from listener.core.rule import Mode
from tests.worker import wire
from tests.worker.emulated import ANA, PROD, STAGING
from tests.worker.github import Hub
from tests.worker.site import Site
from tests.worker.stage import LEASE, Stage
from tests.worker.verified import verified
from tests.worker.wire import Killed


@pytest.fixture
def hub(bare: Stage) -> Hub:
    """A repository at GitHub, and a rule that tells of a Deployment."""
    bare.add_rule(conditions={"deployment": "production"})
    hub = Hub(bare)
    hub.connect()
    hub.tell()
    return hub


def changed(hub: Hub, **conditions: Any) -> None:
    """The rule asks for more."""
    hub.stage.change_rule(conditions=conditions)
    hub.stage.work()


def test_a_promotion_that_goes_at_once_is_one_deployment(hub: Hub) -> None:
    sha = hub.push("Fix the login")
    version = hub.stage.deploy(commit=sha)
    hub.stage.look()
    hub.tell()

    [before, made] = hub.deployments()
    assert (made["sha"], made["environment"], made["ref"]) == (sha, "production", sha)
    assert made["description"] == f"acme-staging v{version} to {PROD}"
    assert [each["state"] for each in made["statuses"]] == ["in_progress", "success"]
    assert made["statuses"][-1]["description"].startswith("Released as v")
    assert [each["state"] for each in before["statuses"]][-1] == "inactive"


def test_what_waits_for_people_is_queued(hub: Hub) -> None:
    changed(hub, approvals=1)
    version = hub.deploy()
    hub.stage.look()
    hub.tell()
    assert hub.states()[1:] == [["queued"]]

    hub.stage.approve(version, "cy@example.com")
    hub.stage.work()
    hub.tell()
    assert hub.states()[1:] == [["queued", "in_progress", "success"]]


@pytest.mark.parametrize("how", ["rejected", "cancelled", "superseded"])
def test_what_was_queued_and_never_went_is_inactive(hub: Hub, how: str) -> None:
    changed(hub, approvals=1)
    version = hub.deploy()
    hub.stage.look()
    hub.tell()
    match how:
        case "rejected":
            hub.stage.reject(version, "cy@example.com", "not today")
        case "cancelled":
            hub.stage.cancel(hub.stage.promotion(version))
        case "superseded":
            hub.deploy("Another")
            hub.stage.look()
    hub.stage.work()
    hub.tell()

    assert hub.states()[1] == ["queued", "inactive"]
    assert hub.states()[0] == ["in_progress", "success"]  # it runs still


def test_nothing_is_told_of_what_never_waited_nor_went(hub: Hub) -> None:
    changed(hub, authors=["*@elsewhere.example"])
    hub.deploy()
    hub.stage.look()
    hub.tell()
    assert len(hub.deployments()) == 1


def test_a_release_phase_that_fails_is_a_failure_and_the_one_before_stays(hub: Hub) -> None:
    hub.stage.phase(PROD)
    version = hub.deploy()
    hub.stage.look()
    hub.tell()
    assert hub.states() == [["in_progress", "success"], ["in_progress"]]

    hub.stage.finish(PROD, int(hub.stage.promotion(version).target_version or 0), "failed")
    hub.stage.age(seconds=61)
    hub.tell()
    assert hub.states() == [["in_progress", "success"], ["in_progress", "failure"]]


def test_a_retry_is_told_in_the_same_deployment(hub: Hub) -> None:
    hub.stage.wire.put(wire.answers(403, applied=False))
    version = hub.deploy()
    hub.stage.look()
    hub.tell()
    assert hub.states()[1] == ["in_progress", "failure"]

    hub.stage.desk.retry(str(hub.stage.promotion(version).id), by=ANA)
    hub.stage.work()
    hub.tell()
    assert hub.states()[1] == ["in_progress", "failure", "queued", "in_progress", "success"]


def test_a_rollback_by_hand_is_a_deployment_of_what_comes_back(hub: Hub) -> None:
    hub.deploy()
    hub.stage.look()
    hub.tell()
    first = hub.deployments()[0]
    hub.stage.ask_rollback()
    hub.stage.work()
    hub.tell()

    assert hub.states() == [
        ["in_progress", "success", "inactive"],
        ["in_progress", "success", "inactive"],
        ["in_progress", "success"],
    ]
    back = hub.deployments()[2]
    assert (back["sha"], back["environment"]) == (first["sha"], "production")
    assert back["description"] == f"{PROD} back to v4"


def test_a_rollback_by_itself_leaves_the_one_before_active(rolling: Stage, site: Site) -> None:
    rolling.change_rule(conditions={"deployment": "production"})
    hub = Hub(rolling)
    hub.push("Begin")
    hub.stage.control(f"apps/{STAGING}/repo", {"full_name": hub.name}, method="PUT")
    go(hub)
    site.status = 503
    go(hub)

    assert rolling.statuses()[-1] is Status.ROLLED_BACK
    assert hub.states() == [["in_progress", "success"], ["in_progress", "failure", "inactive"]]


def test_what_runs_though_it_is_not_well_replaces_the_one_before(bare: Stage, site: Site) -> None:
    verified(bare, site, on_failure="notify", deployment="production")
    hub = Hub(bare)
    hub.push("Begin")
    hub.stage.control(f"apps/{STAGING}/repo", {"full_name": hub.name}, method="PUT")
    go(hub)
    site.status = 503
    go(hub)

    assert bare.statuses()[-1] is Status.FAILED
    assert hub.states() == [["in_progress", "success", "inactive"], ["in_progress", "failure"]]


def go(hub: Hub) -> None:
    """A deploy, until its verification ended."""
    hub.deploy()
    hub.stage.look()
    for _ in range(120):
        hub.stage.age(seconds=5)
    hub.tell()


def test_a_rule_in_shadow_tells_nobody(hub: Hub) -> None:
    hub.stage.change_rule(mode=Mode.SHADOW)
    hub.deploy()
    hub.stage.look()
    hub.tell()
    assert len(hub.deployments()) == 1


def test_what_waited_when_its_rule_went_into_shadow_is_inactive(hub: Hub) -> None:
    changed(hub, approvals=1)
    hub.deploy()
    hub.stage.look()
    hub.tell()
    assert hub.states()[-1] == ["queued"]
    hub.stage.change_rule(mode=Mode.SHADOW, conditions={"approvals": None})
    hub.stage.work()
    hub.tell()
    assert hub.stage.promotions()[-1].status is Status.SHADOWED
    assert hub.states()[-1] == ["queued", "inactive"]


def test_nothing_is_written_where_nobody_wants_it(hub: Hub) -> None:
    changed(hub, deployment=None)
    hub.deploy()
    hub.stage.look()
    hub.tell()
    with hub.stage.database.begin() as conn:
        told = conn.exec_driver_sql("SELECT promotion_id FROM outbox").scalars().all()
    assert told == [1]


def test_a_rule_that_is_removed_meanwhile_still_ends_what_it_began(hub: Hub) -> None:
    hub.stage.phase(PROD)
    version = hub.deploy()
    hub.stage.look()
    hub.tell()
    hub.stage.rules.remove("ship", by=ANA)
    hub.stage.finish(PROD, int(hub.stage.promotion(version).target_version or 0))
    hub.stage.age(seconds=61)
    hub.tell()
    assert hub.states()[1] == ["in_progress", "success"]


# Where something goes wrong.


DOUBTS = [wire.answer_lost, wire.lost, wire.refused, wire.answers(502, applied=True)]


@pytest.mark.parametrize("around", DOUBTS, ids=["answer lost", "lost", "refused", "502"])
@pytest.mark.parametrize("nth", range(3))
def test_whatever_becomes_of_a_request_nothing_is_told_twice(
    hub: Hub, around: wire.Around, nth: int
) -> None:
    hub.deploy()
    hub.stage.look()
    path = [".*/deployments", ".*/deployments/.*/statuses", ".*/deployments/.*/statuses"][nth]
    if nth == 2:
        hub.stage.wire.put(lambda _, send: send(), path=path)
    hub.stage.wire.put(around, path=path)
    hub.tell()
    hub.tell(seconds=11)

    assert hub.states()[1:] == [["in_progress", "success"]]


def test_killed_at_any_moment_it_tells_each_state_once_and_in_order(hub: Hub) -> None:
    stage = hub.stage
    for moment in range(1, 80):
        hub.deploy(f"Killed at {moment}")
        stage.look()
        stage.shift(stage.seconds(3))
        stage.mortality.die_at(moment)
        try:
            hub.tell(seconds=0)
            lived = True
        except Killed:
            lived = False
        stage.mortality.die_at(None)
        stage.shift(LEASE)
        hub.tell()

        *before, now = hub.states()
        assert now == ["in_progress", "success"], f"killed at {moment}"
        assert {tuple(each) for each in before} == {("in_progress", "success", "inactive")}
        assert len(before) == moment
        if lived:
            return
    pytest.fail("a telling that never ends")


def test_while_github_is_down_promotions_go_as_ever(hub: Hub) -> None:
    def life(version: int) -> tuple[list[str], list[str]]:
        stage = hub.stage
        stage.look()
        calls = [call for call in stage.wire.take_calls() if "_github" not in call]
        return stage.life(version), calls

    hub.stage.wire.take_calls()
    life(hub.deploy())
    well = life(hub.deploy())
    hub.tell()
    hub.stage.wire.put(wire.refused, path="/_github/.*", times=1000)
    hub.stage.wire.put(wire.refused, method="GET", path="/_github/.*", times=1000)
    hub.stage.wire.take_calls()
    down = life(hub.deploy())
    for _ in range(12):
        hub.tell(seconds=300)
    tried = len([call for call in hub.stage.wire.take_calls() if "_github" in call])
    hub.stage.wire.troubles.clear()
    hub.tell(seconds=3600)

    assert down[0] == well[0] == ["waiting", "posting", "succeeded"]
    assert len(down[1]) == len(well[1])
    assert 3 < tried < 20
    assert hub.states()[-1] == ["in_progress", "success"]
    assert [one[-1] for one in hub.states()[:-1]] == ["inactive"] * (len(hub.states()) - 1)


@pytest.mark.parametrize(("status", "tries"), [(404, 20), (403, 20), (422, 1)])
def test_what_github_refuses_is_given_up_after_a_day_at_most(
    hub: Hub, status: int, tries: int
) -> None:
    hub.deploy()
    hub.stage.look()
    hub.stage.wire.put(wire.answers(status, applied=False), path=".*/deployments", times=1000)
    hub.stage.wire.take_calls()
    for _ in range(60):
        hub.tell(seconds=1800)

    made = [call for call in hub.stage.wire.take_calls() if call.endswith("/deployments")]
    assert tries <= sum(call.startswith("POST") for call in made) <= tries * 2
    with hub.stage.database.begin() as conn:
        row = conn.exec_driver_sql("SELECT due_at, error FROM outbox WHERE promotion_id = 2").one()
    assert row.due_at is None
    assert f"GitHub answered {status}" in row.error
    hub.stage.wire.troubles.clear()


def test_a_commit_that_nobody_names_is_told_to_nobody(hub: Hub) -> None:
    hub.stage.deploy(commit="1234567")
    hub.stage.look()
    hub.tell()
    assert len(hub.deployments()) == 1


def test_what_happens_while_it_is_told_is_told_too(hub: Hub) -> None:
    changed(hub, approvals=1)
    version = hub.deploy()
    hub.stage.look()

    def approve() -> None:
        hub.stage.approve(version, "cy@example.com")
        hub.stage.work()

    hub.stage.wire.put(wire.after(approve), path=".*/statuses")
    hub.tell()
    hub.tell()
    assert hub.states()[1] == ["queued", "in_progress", "success"]


def test_of_two_that_are_told_late_in_another_order_only_the_newer_is_active(hub: Hub) -> None:
    stage = hub.stage
    hub.deploy("Older")
    stage.look()
    stage.wire.put(wire.answers(500, applied=False), path=".*/deployments")
    hub.tell()  # the older one fails, and waits for longer
    hub.deploy("Newer")
    stage.look()
    hub.tell()
    assert len(hub.deployments()) == 2
    hub.tell(seconds=30)

    first, newer, older = hub.states()
    assert newer == ["in_progress", "success"]
    assert older == ["in_progress", "success", "inactive"]
    assert first == ["in_progress", "success", "inactive"]


@pytest.mark.parametrize("seed", range(12))
def test_whatever_goes_wrong_the_end_is_right_and_nothing_is_told_twice(
    hub: Hub, seed: int
) -> None:
    """Deaths, lost requests and lost answers, in an order of their own for each seed."""
    dice, stage = random.Random(seed), hub.stage  # noqa: S311 - it is to be the same again
    for number in range(4):
        hub.deploy(f"Change {number}")
        stage.look()
        for _ in range(3):
            if dice.random() < 0.7:
                method = dice.choice(["POST", "POST", "GET"])
                stage.wire.put(dice.choice(DOUBTS), method=method, path="/_github/.*")
            stage.mortality.die_at(dice.choice([None, dice.randint(1, 30)]))
            with suppress(Killed):
                hub.tell(seconds=dice.choice([3, 31]))
            stage.mortality.die_at(None)
    stage.wire.troubles.clear()
    for _ in range(6):
        hub.tell(seconds=1300)

    told = hub.deployments()
    [last] = [each for each in told if each["sha"] == hub.last]
    assert len(told) == 5, seed
    for each in told:
        ends = [] if each is last else ["inactive"]
        states = [status["state"] for status in each["statuses"]]
        assert states == ["in_progress", "success", *ends], seed
