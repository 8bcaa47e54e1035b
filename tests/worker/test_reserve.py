"""The last calls that Heroku grants are kept, so that a rollback can always be paid for."""

from __future__ import annotations

from listener.core.promotion import RESERVE, Status
from tests.worker.emulated import PROD, ROBOT, STAGING
from tests.worker.site import Site
from tests.worker.stage import Stage


def grant(stage: Stage, calls: int) -> None:
    """So many calls are left; the next answer tells."""
    stage.control("rate-limits", {"email": ROBOT, "remaining": calls})
    stage.context.reader.releases(stage.app(STAGING).id)


def test_nothing_new_goes_on_the_last_calls_and_none_is_spent_on_it(stage: Stage) -> None:
    grant(stage, 50)
    version = stage.deploy()
    stage.look()
    row = stage.promotion(version)
    assert row.status is Status.WAITING
    assert row.reason.endswith(f"more requests for now; the last {RESERVE} are kept for rollbacks.")
    assert row.gates[-1]["name"] == "heroku"
    assert 35 < stage.promotion_due_in(version) < 45  # 75 come back a minute
    stage.wire.take_calls()
    with stage.database.begin() as conn:
        conn.exec_driver_sql("UPDATE promotion SET due_at = now()")
    stage.step(stage.promoting)
    assert stage.wire.take_calls() == []
    grant(stage, 4500)
    stage.age(minutes=1)

    assert stage.runs(version)


def test_what_its_own_reading_shows_counts_as_well(stage: Stage) -> None:
    version = stage.deploy()
    stage.look_only()
    stage.control("rate-limits", {"email": ROBOT, "remaining": RESERVE})
    stage.shift(stage.seconds(3))
    stage.work()
    assert stage.promotion(version).status is Status.WAITING
    assert stage.posts_sent() == 0


def test_with_the_reserve_untouched_it_goes(stage: Stage) -> None:
    version = stage.deploy()
    grant(stage, RESERVE + 10)
    stage.look()
    assert stage.runs(version)


def test_a_rollback_by_hand_goes_on_the_last_calls(stage: Stage) -> None:
    stage.deploy()
    stage.look()
    grant(stage, 20)
    stage.ask_rollback()
    stage.work()
    assert stage.promotions()[-1].status is Status.ROLLED_BACK


def test_a_rollback_by_a_rule_goes_on_the_last_calls(bare: Stage, site: Site) -> None:
    conditions = {"verify": [site.url], "verify_for": "5s", "on_failure": "rollback"}
    bare.add_rule(conditions=conditions)
    before = bare.slug_of(PROD, bare.current())
    version = bare.deploy()
    bare.look()
    site.status = 503
    grant(bare, 20)
    for _ in range(5):
        bare.age(seconds=1)
    assert bare.promotion(version).status is Status.ROLLED_BACK
    assert bare.slug_of(PROD, bare.current()) == before
