"""Claims, leases and fences: who may act on a row, and whose late write fails."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from listener.core.promotion import Status
from listener.db import promotions, queue, sync, waiting_promotions
from listener.db.engine import Database
from listener.worker.handlers import PROMOTIONS
from tests.db import rows


def test_a_claim_takes_the_row_that_is_due_longest(database: Database) -> None:
    second, first = rows.add(database), rows.add(database)
    rows.set_(database, first, due_at=rows.in_seconds(-9))

    assert [rows.claimed(database).key for _ in range(2)] == [first.id, second.id]
    assert rows.claim(database) is None


def test_a_row_that_is_not_due_is_not_claimed(database: Database) -> None:
    rows.add(database)
    rows.run(database, "UPDATE promotion SET due_at = now() + interval '1 minute'")
    assert rows.claim(database) is None


def test_a_row_that_ended_is_not_claimed(database: Database) -> None:
    rows.add(database, status=Status.SUPERSEDED)
    assert rows.claim(database) is None


@pytest.mark.parametrize("status", ["verifying", "soaking"])
def test_a_status_this_code_does_not_know_is_not_claimed(database: Database, status: str) -> None:
    rows.add(database)
    rows.set_(database, status=status)
    assert rows.claim(database) is None


def test_a_row_that_somebody_is_changing_is_passed_over(database: Database) -> None:
    first, second = rows.add(database), rows.add(database)
    with database.begin() as conn:
        waiting_promotions.cancel(conn, first.id, reason="Not committed yet.")
        assert rows.claimed(database).key == second.id
        assert rows.claim(database) is None


def test_a_claim_leases_the_row_for_thirty_seconds(database: Database) -> None:
    rows.add(database)
    claim = rows.claimed(database, "ana")

    assert claim.row.lease_owner == "ana"
    lease = claim.row.lease_until - claim.claimed_at
    assert timedelta(seconds=29) < lease <= timedelta(seconds=30)


def test_a_lease_that_is_over_is_anybodys(database: Database) -> None:
    rows.add(database)
    first = rows.claimed(database)
    rows.expire(database)
    second = rows.claimed(database)

    assert (second.key, second.fence, second.attempt) == (first.key, first.fence + 1, 2)


def test_racing_claims_share_the_rows_and_none_is_claimed_twice(database: Database) -> None:
    wanted = {rows.add(database).id for _ in range(24)}
    begin = threading.Barrier(4)

    def take(number: int) -> list[int]:
        begin.wait()
        found = []
        while (claim := rows.claim(database, str(number))) is not None:
            found.append(claim.key)
        return found

    with ThreadPoolExecutor(4) as pool:
        taken = [key for keys in pool.map(take, range(4)) for key in keys]
    assert len(taken) == len(wanted)
    assert set(taken) == wanted


# What a lease holder writes.


def move(database: Database, claim: queue.Claim, status: Status = Status.WAITING) -> None:
    with database.begin() as conn:
        promotions.move(conn, claim, status, "Moved.", due_at=None)


def test_a_write_hands_the_row_back_and_forgets_the_attempts(database: Database) -> None:
    row = rows.add(database)
    move(database, rows.claimed(database), Status.REJECTED)

    after = rows.get(database, row)
    assert (after.status, after.attempt, after.reason) == (Status.REJECTED, 0, "Moved.")
    assert after.ended_at is not None


def test_whoever_lost_the_lease_writes_nothing(database: Database) -> None:
    row = rows.add(database)
    late = rows.claimed(database)
    rows.expire(database)
    rows.claimed(database)

    with pytest.raises(queue.LeaseLost):
        move(database, late)
    assert rows.get(database, row).reason == "A test."


def test_whoever_read_another_status_writes_nothing(database: Database) -> None:
    row = rows.add(database)
    claim = rows.claimed(database)
    rows.run(database, "UPDATE promotion SET status = 'posting'")

    with pytest.raises(queue.LeaseLost):
        move(database, claim)
    assert rows.get(database, row).status is Status.POSTING


def test_a_lost_lease_undoes_the_whole_transaction(database: Database) -> None:
    row = rows.add(database)
    late = rows.claimed(database)
    rows.expire(database)
    rows.claimed(database)

    def both() -> None:
        with database.begin() as conn:
            conn.exec_driver_sql("UPDATE promotion SET reason = 'gone'")
            promotions.move(conn, late, Status.WAITING, "Moved.")

    with pytest.raises(queue.LeaseLost):
        both()
    assert rows.get(database, row).reason == "A test."


def test_a_lease_is_renewed_while_it_lives(database: Database) -> None:
    rows.add(database)
    claim = rows.claimed(database)
    rows.run(database, "UPDATE promotion SET lease_until = now() + interval '2 seconds'")
    with database.begin() as conn:
        queue.renew(conn, claim)
    rows.run(database, "UPDATE promotion SET lease_until = lease_until - interval '25 seconds'")
    assert rows.claim(database) is None


def test_a_lease_that_is_over_is_not_renewed(database: Database) -> None:
    rows.add(database)
    claim = rows.claimed(database)
    rows.expire(database)
    with pytest.raises(queue.LeaseLost), database.begin() as conn:
        queue.renew(conn, claim)


def test_a_step_that_broke_rests_and_keeps_its_count(database: Database) -> None:
    rows.add(database)
    claim = rows.claimed(database)
    with database.begin() as conn:
        queue.postpone(conn, claim, PROMOTIONS, timedelta(seconds=40))
    assert rows.claim(database) is None
    rows.run(database, "UPDATE promotion SET due_at = now()")
    assert rows.claimed(database).attempt == 2


def test_putting_off_what_somebody_else_has_changes_nothing(database: Database) -> None:
    row = rows.add(database)
    late = rows.claimed(database)
    rows.expire(database)
    rows.claimed(database)
    before = rows.get(database, row)
    with database.begin() as conn:
        queue.postpone(conn, late, PROMOTIONS, timedelta(seconds=40))
    assert rows.get(database, row) == before


# When something is due next.


def due_in(database: Database) -> float | None:
    with database.begin() as conn:
        return queue.until_next(conn, [PROMOTIONS, sync.LOOKS])


def test_nothing_is_due_where_there_is_nothing(database: Database) -> None:
    assert due_in(database) is None


def test_what_is_due_is_due_now(database: Database) -> None:
    rows.add(database)
    assert due_in(database) == 0.0


def test_what_is_due_later_says_when(database: Database) -> None:
    rows.add(database)
    rows.run(database, "UPDATE promotion SET due_at = now() + interval '1 minute'")
    seconds = due_in(database)
    assert seconds is not None
    assert 50 < seconds <= 60


def test_what_somebody_is_at_work_on_is_due_when_the_lease_is_over(database: Database) -> None:
    rows.add(database)
    rows.claimed(database)
    seconds = due_in(database)
    assert seconds is not None
    assert 20 < seconds <= 30


def test_a_way_that_the_table_does_not_list_is_not_gone(database: Database) -> None:
    row = rows.add(database)
    claim = rows.claimed(database)
    with (
        pytest.raises(promotions.InvalidTransition, match="waiting → succeeded"),
        database.begin() as conn,
    ):
        promotions.move(conn, claim, Status.SUCCEEDED, "Without a post.")
    assert rows.get(database, row).status is Status.WAITING
