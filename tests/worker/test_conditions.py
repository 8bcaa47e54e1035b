"""What a rule asks for holds a release back, and lets it go when it is met."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from listener.core.promotion import Status
from listener.core.rule import OnNewer
from listener.db.tables import rule
from listener.services.promote import NewOverride, NewPromotions
from tests.worker import wire
from tests.worker.closed import closed_windows
from tests.worker.emulated import PROD, STAGING
from tests.worker.stage import Stage

ALWAYS = "daily 00:00-24:00 UTC"


def ready(bare: Stage, **conditions: Any) -> Stage:
    """A rule that asks for this."""
    bare.add_rule(conditions=conditions)
    return bare


def verdicts(stage: Stage, version: int) -> dict[str, str]:
    """What each gate said last."""
    return {gate["name"]: gate["verdict"] for gate in stage.promotion(version).gates}


def test_a_release_goes_when_it_has_soaked(bare: Stage) -> None:
    stage = ready(bare, soak="30m")
    version = stage.deploy()
    stage.look()
    row = stage.promotion(version)
    assert (row.status, row.reason) == (
        Status.WAITING,
        f"{STAGING} v{version} soaks for 30m.",
    )
    assert stage.promotion_due_in(version) > 29 * 60
    stage.age(minutes=29)
    assert stage.promotion(version).status is Status.WAITING
    stage.age(minutes=1)

    assert stage.promotion(version).status is Status.SUCCEEDED
    assert verdicts(stage, version)["soak"] == "pass"


@pytest.mark.usefixtures("fresh_for_long")
def test_a_timed_wait_costs_one_more_list_of_the_source(bare: Stage) -> None:
    stage = ready(bare, soak="30m")
    version = stage.deploy()
    stage.tell(version, stack="heroku-24", commit="1a5f89db")
    stage.work()
    stage.shift(timedelta(minutes=31))
    for _ in range(20):  # reconcile came due as well, and is not what is counted
        stage.step(stage.promoting)

    prod, staging = stage.app(PROD).id, stage.app(STAGING).id
    assert stage.wire.take_calls() == [
        f"GET /apps/{staging}/releases",
        f"GET /apps/{staging}/releases",
        f"GET /apps/{prod}/releases",
        f"POST /apps/{prod}/releases",
    ]
    assert stage.promotion(version).status is Status.SUCCEEDED


def test_with_keep_the_release_that_soaked_goes_though_newer_ones_landed(bare: Stage) -> None:
    bare.add_rule(on_newer=OnNewer.KEEP, conditions={"soak": "30m"})
    first = bare.deploy()
    bare.look()
    bare.age(minutes=20)
    second = bare.deploy()
    bare.look()
    bare.age(minutes=10)

    assert bare.runs(first)
    assert bare.promotion(second).status is Status.WAITING
    bare.age(minutes=20)
    assert bare.runs(second)


def test_what_soaks_is_superseded_at_once_when_its_source_is_rolled_back(bare: Stage) -> None:
    stage = ready(bare, soak="30m")
    before = stage.current(STAGING)
    version = stage.deploy()
    stage.look()
    stage.roll_back(STAGING, before)
    stage.look()

    row = stage.promotion(version)
    assert row.status is Status.SUPERSEDED
    assert "was rolled back by bo@example.com" in row.reason


def test_outside_its_windows_a_rule_waits_and_tells_the_next(bare: Stage) -> None:
    stage = ready(bare, windows=closed_windows())
    version = stage.deploy()
    stage.look()
    row = stage.promotion(version)

    assert row.status is Status.WAITING
    assert row.reason.startswith("Outside the rule's windows; the next opens ")
    assert row.due_at == row.earliest_at


def test_an_open_window_lets_it_go(bare: Stage) -> None:
    stage = ready(bare, windows=[ALWAYS])
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).status is Status.SUCCEEDED


def test_a_gap_lies_between_two_promotions(bare: Stage) -> None:
    stage = ready(bare, min_gap="2h")
    first = stage.deploy()
    stage.look()
    assert stage.runs(first)
    second = stage.deploy()
    stage.look()
    assert stage.promotion(second).reason.endswith("was less than 2h ago.")
    stage.age(hours=2)

    assert stage.runs(second)


def test_no_more_than_so_many_go_a_day(bare: Stage) -> None:
    stage = ready(bare, max_per_day=1)
    first = stage.deploy()
    stage.look()
    second = stage.deploy()
    stage.look()
    assert (stage.runs(first), stage.promotion(second).status) == (True, Status.WAITING)
    stage.age(hours=24)

    assert stage.runs(second)


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ({"authors": ["*@acme.com"]}, "matches none of *@acme.com."),
        ({"not_descriptions": ["Deploy*"]}, "matches Deploy*, which does not go."),
    ],
)
def test_what_can_never_fit_is_rejected(bare: Stage, conditions: Any, words: str) -> None:
    stage = ready(bare, **conditions)
    version = stage.deploy()
    stage.look()
    row = stage.promotion(version)

    assert row.status is Status.REJECTED
    assert words in row.reason


def test_after_promotions_that_went_wrong_a_person_is_asked(bare: Stage) -> None:
    stage = ready(bare, brake="1/24h")
    stage.phase(PROD)
    broken = stage.deploy()
    stage.look()
    stage.finish(PROD, stage.releases(PROD)[-1]["version"], "failed")
    stage.age(seconds=15)
    assert stage.promotion(broken).status is Status.FAILED
    stage.phase(PROD, none=True)
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).reason.endswith("a person must approve this one.")
    stage.age(hours=24)

    assert stage.runs(version)


def test_a_changed_rule_decides_anew_what_waits_under_it(bare: Stage) -> None:
    stage = ready(bare, soak="2h")
    version = stage.deploy()
    stage.look()
    stage.change_rule(conditions={"soak": None})
    stage.work()

    assert stage.runs(version)
    assert stage.promotion(version).rule_revision == 2


def test_by_hand_the_conditions_of_the_rule_count_too(bare: Stage) -> None:
    stage = ready(bare, soak="30m", approvals=1)
    version = stage.deploy()
    stage.promote(version)
    stage.work()
    row = next(row for row in stage.promotions() if row.is_by_hand)
    assert (row.status, row.reason) == (Status.WAITING, f"{STAGING} v{version} soaks for 30m.")
    stage.age(minutes=30)

    assert stage.runs(version)
    assert any("Approved by ana@example.com" in gate["message"] for gate in _gates(stage))


def test_what_soaks_ends_at_once_when_somebody_promoted_it_by_hand(bare: Stage) -> None:
    stage = ready(bare, soak="1h")
    version = stage.deploy()
    stage.look()
    aside = NewOverride(gates=("soak",), reason="it leaks")
    wish = NewPromotions(source=STAGING, targets=(PROD,), override=aside)
    stage.desk.promote_by_hand(wish, by="ana@example.com")
    stage.work()

    assert stage.runs(version)
    assert stage.statuses() == [Status.SKIPPED, Status.SUCCEEDED]


# People.

BO, CY = "bo@example.com", "cy@example.com"


def test_what_is_approved_goes(bare: Stage) -> None:
    stage = ready(bare, approvals=2)
    version = stage.deploy()
    stage.look()
    stage.approve(version, BO)
    stage.work()
    assert stage.promotion(version).reason.startswith("1 of 2 approvals")
    stage.approve(version, CY)
    stage.work()

    assert stage.runs(version)
    assert stage.life(version)[:4] == ["waiting", "waiting", "approved", "waiting"]


def test_what_nobody_approves_in_time_ends_then_whatever_else_it_waits_for(bare: Stage) -> None:
    stage = ready(bare, approvals=1, approval_timeout="2h", min_gap="30d")
    shipped = stage.deploy()
    stage.look()
    stage.approve(shipped, BO)
    stage.work()
    version = stage.deploy()
    stage.look()
    assert stage.promotion(version).reason.endswith("was less than 30d ago.")
    assert stage.promotion_due_in(version) < 2 * 3600
    stage.age(hours=2)

    row = stage.promotion(version)
    assert (row.status, row.reason) == (Status.REJECTED, "It was not approved within 2h.")


def test_a_no_voids_the_claim_of_whoever_decides_just_now(bare: Stage) -> None:
    stage = ready(bare, approvals=1)
    version = stage.deploy()
    stage.look()
    stage.approve(version, BO)
    prod = stage.app(PROD).id
    around = wire.before(lambda: stage.reject(version, CY, "wait"))
    stage.wire.put(around, method="GET", path=f"/apps/{prod}/releases")
    stage.work()

    assert stage.posts() == []
    row = stage.promotion(version)
    assert (row.status, row.reason) == (Status.REJECTED, f"{CY} rejected it: wait.")


def test_the_time_to_approve_begins_anew_with_a_retry(bare: Stage) -> None:
    stage = ready(bare, approvals=1, approval_timeout="2h")
    version = stage.deploy()
    stage.look()
    stage.age(hours=2)
    assert stage.promotion(version).status is Status.REJECTED
    stage.desk.retry(str(stage.promotion(version).id), by=BO)
    stage.work()
    assert stage.promotion(version).status is Status.WAITING
    stage.approve(version, BO)
    stage.work()

    assert stage.runs(version)


def _gates(stage: Stage) -> list[Any]:
    return [gate for row in stage.promotions() if row.is_by_hand for gate in row.gates]


# What an older version stored.


def test_a_stored_condition_that_breaks_a_limit_lets_nothing_go_until_it_is_said_anew(
    bare: Stage,
) -> None:
    stage = ready(bare, soak="1s")
    plant(stage, {"authors": ["*" * 500], "soak": "1s"})
    version = stage.deploy()
    stage.look()
    stage.age(minutes=5)

    row = stage.promotion(version)
    assert (row.status, verdicts(stage, version)["author"]) == (Status.WAITING, "error")
    assert row.reason.startswith("The rule cannot be obeyed as it is: authors: ")
    assert stage.posts_sent() == 0

    stage.change_rule(conditions={"authors": ["*"]})
    stage.age(minutes=1)
    assert stage.runs(version)


def plant(stage: Stage, conditions: dict[str, Any]) -> None:
    """Conditions as another version stored them."""
    with stage.database.begin() as conn:
        conn.execute(update(rule).values(conditions=conditions))
