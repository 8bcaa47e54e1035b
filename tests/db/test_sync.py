"""Looks: an acknowledged delivery is work that somebody will do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from listener.db import apps, queue, sync
from listener.db.engine import Database
from tests.db import rows

APP = "app-source"


def ask(database: Database, *, must_read: bool = False) -> None:
    with database.begin() as conn:
        apps.ask_look(conn, APP, must_read=must_read)


def claim(database: Database) -> queue.Claim | None:
    with database.begin() as conn:
        return queue.claim(conn, sync.LOOKS, owner="test")


def claimed(database: Database) -> queue.Claim:
    found = claim(database)
    assert found is not None
    return found


def finish(database: Database, claim: queue.Claim, **values: Any) -> None:
    wanted: dict[str, Any] = {"again_at": None, "error": None, **values}
    with database.begin() as conn:
        sync.finish(conn, claim, **wanted)


def test_nothing_is_looked_at_that_nobody_asked_for(database: Database) -> None:
    assert claim(database) is None


def test_a_finished_look_is_over(database: Database) -> None:
    ask(database, must_read=True)
    finish(database, claimed(database))
    assert claim(database) is None
    ask(database)
    assert claimed(database).row.must_read is False


def test_a_look_asked_for_during_a_look_is_not_lost(database: Database) -> None:
    ask(database)
    first = claimed(database)
    ask(database, must_read=True)
    finish(database, first)
    assert claimed(database).row.must_read is True


def test_a_look_may_come_again_at_a_time(database: Database) -> None:
    ask(database)
    finish(database, claimed(database), again_at=datetime(2000, 1, 1, tzinfo=UTC))
    assert claim(database) is not None


def test_a_look_that_failed_must_read_still_and_counts_its_failures(database: Database) -> None:
    ask(database, must_read=True)
    past = datetime(2000, 1, 1, tzinfo=UTC)
    finish(database, claimed(database), again_at=past, error="503")
    second = claimed(database)
    assert (second.attempt, second.row.must_read, second.row.look_error) == (2, True, "503")
    finish(database, second)
    ask(database)
    third = claimed(database)
    assert (third.attempt, third.row.look_error) == (1, None)


def test_whoever_lost_the_lease_finishes_nothing(database: Database) -> None:
    ask(database)
    late = claimed(database)
    rows.expire(database)
    claimed(database)
    with pytest.raises(queue.LeaseLost):
        finish(database, late)


# Reconcile.


def reconcile(database: Database) -> int:
    with database.begin() as conn:
        sync.ask_reconcile(conn)
    with database.begin() as conn:
        found = queue.claim(conn, sync.CHORES, owner="test")
        assert found is not None
        return sync.reconcile(conn, found, timedelta(minutes=5))


@pytest.fixture
def ruled(database: Database) -> Database:
    """A rule from the source to the target."""
    rule = "INSERT INTO rule (name, mode, strategy, on_newer, source_id, created_by) VALUES"
    rows.run(database, f"{rule} ('ship', 'armed', 'slug', 'supersede', 'app-source', 'ana')")
    rows.run(
        database, "INSERT INTO rule_target (rule_id, app_id, baseline) VALUES (1, 'app-target', 0)"
    )
    return database


def test_reconcile_makes_source_and_target_due(ruled: Database) -> None:
    assert reconcile(ruled) == 2
    assert {claimed(ruled).key for _ in range(2)} == {"app-source", "app-target"}


@pytest.mark.parametrize("change", ["mode = 'off'", "removed_at = now()"])
def test_reconcile_leaves_what_no_rule_wants_alone(ruled: Database, change: str) -> None:
    rows.run(ruled, f"UPDATE rule SET {change}")  # noqa: S608 - a word of the test's own
    assert reconcile(ruled) == 0


def test_reconcile_comes_again_after_its_time(ruled: Database) -> None:
    reconcile(ruled)
    with ruled.begin() as conn:
        seconds = queue.until_next(conn, [sync.CHORES])
        assert seconds is not None
        assert 290 < seconds <= 300
        assert queue.claim(conn, sync.CHORES, owner="test") is None


def test_reconcile_asks_no_earlier_look_to_wait(ruled: Database) -> None:
    rows.run(ruled, "UPDATE app SET look_at = now() - interval '1 hour' WHERE id = 'app-target'")
    reconcile(ruled)
    assert claimed(ruled).key == "app-target"


def test_reconcile_during_a_look_has_it_followed_by_another(ruled: Database) -> None:
    ask(ruled)
    first = claimed(ruled)
    reconcile(ruled)
    finish(ruled, first)
    assert {claimed(ruled).key for _ in range(2)} == {"app-source", "app-target"}


def test_a_chore_of_newer_code_is_not_claimed(database: Database) -> None:
    rows.run(database, "INSERT INTO chore (name, due_at) VALUES ('sweep', now())")
    with database.begin() as conn:
        assert queue.claim(conn, sync.CHORES, owner="test") is None
        assert queue.until_next(conn, [sync.CHORES]) is None
