"""Reconcile: what no webhook told is found all the same."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from listener.core.promotion import Status
from listener.db import audit
from listener.db.tables import audit_entry, delivery
from tests.worker import wire
from tests.worker.emulated import EU, PROD, STAGING
from tests.worker.stage import Stage


def looks(stage: Stage) -> int:
    """How often the source's list was read since the last time."""
    path = f"GET /apps/{stage.app(STAGING).id}/releases"
    return stage.wire.take_calls().count(path)


def test_reconcile_finds_what_no_webhook_told(stage: Stage) -> None:
    version = stage.deploy()
    stage.reconcile()

    row = stage.promotion(version)
    assert (row.status, row.found_by) == (Status.SUCCEEDED, "reconcile")


def test_reconcile_comes_back_every_five_minutes(stage: Stage) -> None:
    stage.reconcile()
    version = stage.deploy()
    stage.age(minutes=4)
    assert stage.promotions() == []
    stage.age(minutes=1)

    assert stage.promotion(version).status is Status.SUCCEEDED


def test_reconcile_reads_sources_and_targets_of_rules_that_are_not_off(bare: Stage) -> None:
    bare.add_rule()
    bare.add_rule("other", source=EU, targets=(STAGING,), mode="off")
    bare.reconcile()

    read = {call.split("/")[2] for call in bare.wire.take_calls()}
    assert read == {bare.app(STAGING).id, bare.app(PROD).id}


def test_a_reconcile_during_a_look_is_followed_by_another_look(stage: Stage) -> None:
    """A look under way may have read its list already."""
    path = f"/apps/{stage.app(STAGING).id}/releases"
    stage.look_at_once(wire.before(stage.reconcile_only), path)
    assert looks(stage) == 1
    stage.work()

    assert looks(stage) == 1


def test_facts_of_apps_are_read_anew_once_an_hour(stage: Stage) -> None:
    stage.age(minutes=51)
    stage.reconcile()
    prod, staging = stage.app(PROD).id, stage.app(STAGING).id
    calls = stage.wire.take_calls()
    assert {f"GET /apps/{prod}", f"GET /apps/{staging}"} <= set(calls)

    stage.reconcile()
    assert f"GET /apps/{prod}" not in stage.wire.take_calls()


def test_reconcile_forgets_deliveries_that_are_three_months_old(stage: Stage) -> None:
    old, new = stage.deploy(), stage.deploy()
    stage.tell(old)
    stage.work()
    stage.shift(timedelta(days=60))
    stage.tell(new)
    stage.work()
    stage.shift(timedelta(days=31))
    stage.reconcile()

    (kept,) = stage.outcomes()
    assert kept is not None
    assert kept.startswith(f"v{new} is a deploy")


def test_reconcile_lets_the_body_of_a_delivery_go_a_week_after_it_was_settled(
    stage: Stage,
) -> None:
    stage.tell(stage.deploy())
    stage.work()
    stage.shift(timedelta(days=6))
    stage.reconcile()
    assert all(bodies(stage))
    stage.shift(timedelta(days=1, hours=1))
    stage.reconcile()
    assert bodies(stage) == [b""]


def test_reconcile_keeps_the_audit_unless_it_is_told_for_how_long(stage: Stage) -> None:
    with stage.database.begin() as conn:
        audit.record(conn, by="ana", action="test", subject_type="rule", subject_id="1")
    stage.shift(timedelta(days=1000))
    stage.reconcile()
    with stage.database.begin() as conn:
        assert conn.execute(select(audit_entry)).first() is not None


def bodies(stage: Stage) -> list[bytes]:
    with stage.database.begin() as conn:
        return list(conn.execute(select(delivery.c.body)).scalars())


def test_a_delivery_that_is_not_settled_is_kept_however_old(bare: Stage) -> None:
    bare.add_rule()
    bare.tell(99)
    bare.shift(timedelta(days=91))
    bare.reconcile_only()

    assert bare.outcomes() == [None]
