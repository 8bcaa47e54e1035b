"""What anybody may change of a promotion: one that waits, and nobody's evaluation survives it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from listener.core.promotion import ACTIVE, ENDED, RETRYABLE, PromotionKind, Status
from listener.db import promotions, queue, waiting_promotions
from listener.db.engine import Database
from listener.db.promotions import PromotionRow
from tests.db import rows

Change = Callable[[Connection, PromotionRow], object]
CHANGES: dict[str, Change] = {
    "cancel": lambda conn, row: waiting_promotions.cancel(conn, row.id, reason="No."),
    "wake-target": lambda conn, row: waiting_promotions.reschedule_target(conn, row.target_id),
    "wake-all": lambda conn, row: waiting_promotions.reschedule_target(conn, None),
    "wake-source": lambda conn, row: waiting_promotions.reschedule_source(conn, row.source_id),
}
NOT_WAITING = sorted(set(Status) - {Status.WAITING})


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_voids_the_claim_of_whoever_evaluates(database: Database, change: Change) -> None:
    row = rows.add(database)
    claim = rows.claimed(database)
    with database.begin() as conn:
        change(conn, row)

    with pytest.raises(queue.LeaseLost), database.begin() as conn:
        promotions.move(conn, claim, Status.SKIPPED, "Too late.")
    assert rows.get(database, row).status in {Status.WAITING, Status.CANCELLED}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("status", NOT_WAITING)
def test_what_does_not_wait_is_left_alone(
    database: Database, change: Change, status: Status
) -> None:
    row = rows.add(database)
    rows.set_(database, status=status)
    before = rows.get(database, row)
    with database.begin() as conn:
        assert not change(conn, row)
    assert rows.get(database, row) == before


def test_a_woken_one_is_due_now_and_its_attempts_are_forgotten(database: Database) -> None:
    """It was no fault of its own that nothing was written."""
    row = rows.add(database)
    rows.claimed(database)
    with database.begin() as conn:
        assert waiting_promotions.reschedule_target(conn, row.target_id) == 1

    claim = rows.claimed(database)
    assert (claim.key, claim.attempt) == (row.id, 1)


def test_one_may_be_left_asleep(database: Database) -> None:
    row, other = rows.add(database), rows.add(database)
    rows.run(database, "UPDATE promotion SET due_at = now() + interval '1 minute'")
    with database.begin() as conn:
        waiting_promotions.reschedule_target(conn, row.target_id, but=row.id)

    assert rows.claimed(database).key == other.id
    assert rows.claim(database) is None


def test_cancelling_says_so_and_ends_it(database: Database) -> None:
    row = rows.add(database)
    with database.begin() as conn:
        after = waiting_promotions.cancel(conn, row.id, reason="Cancelled by ana.")
        told = [event.event for event in promotions.events(conn, row.id)]

    assert after is not None
    assert (after.status, after.reason, after.due_at) == (
        Status.CANCELLED,
        "Cancelled by ana.",
        None,
    )
    assert told == ["waiting", "cancelled"]


@pytest.mark.parametrize("status", sorted(Status))
def test_only_some_ends_may_be_tried_again(database: Database, status: Status) -> None:
    row = rows.add(database)
    now = rows.in_seconds(0)
    rows.set_(
        database, status=status, attempt=7, target_version=3, evaluated_at=now, errors_since=now
    )
    with database.begin() as conn:
        after = waiting_promotions.retry(conn, row.id, reason="Again.")

    assert (after is not None) == (status in RETRYABLE)
    if after is not None:
        assert (after.status, after.attempt, after.target_version) == (Status.WAITING, 0, None)
        assert (after.evaluated_at, after.errors_since, after.ended_at) == (None, None, None)


# What the database itself refuses.


@pytest.mark.parametrize("status", sorted(ACTIVE))
def test_one_promotion_at_a_time_is_at_work_on_a_target(database: Database, status: str) -> None:
    first, second = rows.add(database), rows.add(database)
    rows.set_(database, first, status="posting")
    with pytest.raises(Exception, match="uq_promotion_active"):
        rows.set_(database, second, status=status)


def test_a_rule_has_one_promotion_of_a_release_to_a_target(database: Database) -> None:
    rule = "INSERT INTO rule (name, mode, strategy, on_newer, source_id, created_by) VALUES"
    rows.run(database, f"{rule} ('ship', 'armed', 'slug', 'supersede', 'app-source', 'ana')")
    first = rows.add(database, rule_id=1)
    with database.begin() as conn:
        same = promotions.add(
            conn,
            status=Status.WAITING,
            reason="Found again.",
            rule_id=1,
            source_id=first.source_id,
            target_id=first.target_id,
            release_id=first.release_id,
            version=first.version,
            artifact=first.artifact,
        )
    assert same is None


@pytest.mark.parametrize("status", sorted(Status))
def test_by_hand_one_unfinished_promotion_of_a_release_to_a_target(
    database: Database, status: Status
) -> None:
    first = rows.add(database)
    rows.set_(database, status=status)
    with database.begin() as conn:
        found = promotions.find_by_hand(
            conn,
            release_id=first.release_id,
            target_id=first.target_id,
            kind=PromotionKind.PROMOTE,
        )
        again = promotions.add(
            conn,
            status=Status.WAITING,
            reason="Again.",
            source_id=first.source_id,
            target_id=first.target_id,
            release_id=first.release_id,
            version=first.version,
            artifact=first.artifact,
        )
    assert (found is None) == (again is not None) == (status in ENDED)
