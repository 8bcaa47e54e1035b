"""What the decision about one promotion asks of those around it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from listener.core.promotion import ACTIVE, PromotionKind, Status
from listener.core.release import Release
from listener.db import related_promotions, release_requests
from listener.db.engine import Database
from tests.db import rows

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def ruled(database: Database) -> Database:
    """A rule, number 1."""
    rule = "INSERT INTO rule (name, mode, strategy, on_newer, source_id, created_by) VALUES"
    rows.run(database, f"{rule} ('ship', 'armed', 'slug', 'supersede', 'app-source', 'ana')")
    return database


@pytest.mark.parametrize("status", sorted(Status))
def test_a_rival_is_another_one_at_work_on_the_target(database: Database, status: Status) -> None:
    row, other = rows.add(database), rows.add(database)
    rows.set_(database, other, status=status)
    with database.begin() as conn:
        found = related_promotions.rival(conn, row.target_id, row.id)
        assert related_promotions.rival(conn, row.target_id, other.id) is None
        assert related_promotions.rival(conn, row.source_id, row.id) is None
    assert (found is not None) == (status in ACTIVE)
    if found is not None:
        assert related_promotions.as_rival(found).id == str(other.id)


WAITS = {"evaluated_at": rows.in_seconds(0)}


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ({"evaluated_at": None}, False),
        (WAITS, True),
        ({"status": "posting"}, True),
        ({"status": "succeeded"}, True),
        ({**WAITS, "status": "rejected"}, False),
        ({**WAITS, "status": "skipped"}, False),
        ({**WAITS, "status": "cancelled"}, False),
        ({**WAITS, "rule_id": None}, False),
        ({**WAITS, "target_id": "app-source"}, False),
        ({**WAITS, "version": 0}, False),
    ],
)
def test_a_newer_candidate_counts_once_it_was_neither_rejected_nor_skipped(
    ruled: Database, values: dict[str, Any], counts: bool
) -> None:
    row, newer = rows.add(ruled, rule_id=1), rows.add(ruled, rule_id=1)
    rows.set_(ruled, newer, **values)
    with ruled.begin() as conn:
        found = related_promotions.newer_version(conn, row)
    assert found == (newer.version if counts else None)


def upstream(database: Database, release: Release) -> int | None:
    with database.begin() as conn:
        found = related_promotions.upstream(conn, "app-target", release)
    return found.id if found is not None else None


def release(words: str = "") -> Release:
    return Release("r8", 8, "succeeded", "slug-1", description=words)


def test_a_release_on_a_source_is_ours_by_record_or_by_nonce(database: Database) -> None:
    row = rows.add(database)
    assert upstream(database, release()) is None
    with database.begin() as conn:
        release_requests.add(
            conn,
            promotion_id=row.id,
            target_id="app-target",
            nonce="0123abcd",
            kind="promote",
            artifact="slug-1",
            base_version=7,
        )
    assert upstream(database, release("Promote (autopromote 0123abcd)")) == row.id
    assert upstream(database, release("Promote (autopromote 89ef0123)")) is None
    rows.set_(database, row, target_release_id="r8")
    assert upstream(database, release()) == row.id


def test_a_rollback_of_ours_is_no_promotion_upstream(database: Database) -> None:
    rows.add(database, kind=PromotionKind.ROLLBACK, target_release_id="r8")
    assert upstream(database, release()) is None


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"status": Status.SUCCEEDED}, 4),
        ({"status": Status.WAITING}, None),  # nobody evaluated it yet
        ({"status": Status.WAITING, "evaluated_at": NOON}, 4),
        ({"status": Status.REJECTED, "evaluated_at": NOON}, None),
    ],
)
def test_the_newest_candidate_that_makes_older_ones_give_way(
    ruled: Database, values: dict[str, Any], found: int | None
) -> None:
    rows.add(ruled, rule_id=1, version=4, **values)
    rows.add(ruled, version=9, status=Status.SUCCEEDED)
    with ruled.begin() as conn:
        assert related_promotions.newest_taking_place(conn, 1, "app-target") == found
        assert related_promotions.newest_taking_place(conn, 1, "app-source") is None
