"""Records that decide nothing go after a time; what the next decision stands on stays."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, literal, select, update

from listener.core.commits import Commit, Comparison, Relation
from listener.core.promotion import Status
from listener.db import (
    deliveries,
    encrypted,
    notifications,
    promotions,
    repositories,
    retention,
    shipments,
    shown_shipments,
)
from listener.db.commit_tables import commit_check, comparison, refused_comparison, shipment
from listener.db.deliveries import Arrival
from listener.db.encrypted import BODIES
from listener.db.engine import Database
from listener.db.repositories import Pair
from listener.db.retention import Pass
from listener.db.state_tables import trouble
from listener.db.tables import (
    approval,
    audit_entry,
    delivery,
    hold,
    notice,
    outbox,
    post,
    promotion,
    promotion_event,
    release,
    rule_revision,
    subscription,
)
from tests.db import rows

NUMBERS = count(1)
EVENTS, NOTICES, COMMITS, OUTBOX, CHECKS = retention.RECORDS[1:]
DELIVERIES = retention.RECORDS[0]
LONG, SHORT = timedelta(days=100), timedelta(days=5)
LIMIT = timedelta(days=90)


def ago(by: timedelta) -> Any:
    return func.now() - literal(by)


def prune(database: Database, one: Pass, *, most: int = 100) -> int:
    """Everything that a pass deletes until it is at the beginning again."""
    with database.begin() as conn:
        return retention.prune(conn, one, older_than=LIMIT, most=most)


def left(database: Database, table: Table) -> list[int]:
    with database.begin() as conn:
        return list(conn.execute(select(table.c.id).order_by(table.c.id)).scalars())


def delivered(
    database: Database, *, settled: timedelta | None, repeated: timedelta | None = None
) -> int:
    """A delivery that was settled so long ago, or is not."""
    key = f"r-{next(NUMBERS)}"
    with database.begin() as conn:
        values = {"app_id": "app-source", "url": "https://x", "created_by": "ana"}
        found = conn.execute(select(subscription.c.id)).scalar_one_or_none()
        if found is None:
            made = insert(subscription).values(values).returning(subscription.c.id)
            found = conn.execute(made).scalar_one()
        arrival = Arrival(key=key, subscription_id=found, app_id="app-source", body=b"sealed")
        deliveries.add(conn, arrival)
        times = {
            "received_at": ago(LONG),
            "last_received_at": ago(repeated or LONG),
            "settled_at": ago(settled) if settled is not None else None,
        }
        changed = update(delivery).where(delivery.c.key == key).values(times)
        return int(conn.execute(changed.returning(delivery.c.id)).scalar_one())


def ended(database: Database, *, long_ago: timedelta | None) -> int:
    """A promotion that ended so long ago, or waits, with an old event."""
    row = rows.add(database)
    status = Status.SUCCEEDED if long_ago is not None else Status.WAITING
    ended_at = ago(long_ago) if long_ago is not None else None
    with database.begin() as conn:
        of_it = promotion.c.id == row.id
        conn.execute(update(promotion).where(of_it).values(status=status, ended_at=ended_at))
        events = promotion_event.c.promotion_id == row.id
        conn.execute(update(promotion_event).where(events).values(at=ago(LONG)))
    return row.id


def told(database: Database, *, sent: bool = True, **about: Any) -> int:
    """An old notice, sent or not."""
    key = f"n-{next(NUMBERS)}"
    with database.begin() as conn:
        notifications.add(conn, "test", title="t", body="b", key=key, **about)
        times = {"created_at": ago(LONG)} | ({"due_at": None, "sent_at": ago(LONG)} if sent else {})
        changed = update(notice).where(notice.c.key == key).values(times)
        return int(conn.execute(changed.returning(notice.c.id)).scalar_one())


def troubled(database: Database, *, is_over: bool, told_as: int | None = None) -> int:
    values = {"cause": "c", "subject": f"s-{next(NUMBERS)}", "message": "m", "told_as": told_as}
    values["over_at"] = ago(LONG) if is_over else None
    with database.begin() as conn:
        made = insert(trouble).values(values).returning(trouble.c.id)
        return int(conn.execute(made).scalar_one())


def test_settled_deliveries_go_and_others_stay(database: Database) -> None:
    delivered(database, settled=LONG)
    kept = [
        delivered(database, settled=None),
        delivered(database, settled=SHORT),
        delivered(database, settled=LONG, repeated=SHORT),
    ]
    assert prune(database, DELIVERIES) == 1
    assert left(database, delivery) == kept


def test_the_body_of_a_settled_delivery_goes_first(database: Database) -> None:
    old = delivered(database, settled=LONG)
    open_one = delivered(database, settled=None)
    assert prune(database, retention.BODIES) == 1
    assert prune(database, retention.BODIES) == 0

    with database.begin() as conn:
        bodies = conn.execute(select(delivery.c.id, delivery.c.body).order_by(delivery.c.id)).all()
        assert bodies == [(old, b""), (open_one, b"sealed")]
        # There is nothing to seal again in one that has none.
        assert [row.id for row in encrypted.after(conn, BODIES, 0)] == [open_one]


def test_without_a_body_left_no_key_is_needed(database: Database) -> None:
    delivered(database, settled=LONG)
    prune(database, retention.BODIES)
    with database.begin() as conn:
        assert not encrypted.is_any(conn)


def test_the_timeline_of_an_ended_promotion_goes_and_the_promotion_stays(
    database: Database,
) -> None:
    gone = ended(database, long_ago=LONG)
    kept = [ended(database, long_ago=SHORT), ended(database, long_ago=None)]
    assert prune(database, EVENTS) > 0

    assert left(database, promotion) == [gone, *kept]
    with database.begin() as conn:
        assert promotions.events(conn, gone) == []
        assert all(promotions.events(conn, one) for one in kept)


@pytest.mark.parametrize(
    ("stays", "values"),
    [
        (False, {}),
        (False, {"shown": "failure"}),
        (False, {"shown": "success", "channel": "commit-status"}),
        (True, {"shown": "success"}),  # to be made inactive by what comes after it
        (True, {"due_at": ago(LONG)}),
    ],
    ids=["unsaid", "failed", "a status", "runs", "due"],
)
def test_what_was_told_of_an_ended_promotion_goes(
    database: Database, stays: bool, values: dict[str, Any]
) -> None:
    told_of = {"promotion_id": ended(database, long_ago=LONG), "channel": "deployment"}
    with database.begin() as conn:
        row = {**told_of, "told_event": 1, "created_at": ago(LONG), **values}
        conn.execute(insert(outbox).values(row))
        fresh = {**told_of, "promotion_id": ended(database, long_ago=SHORT), "told_event": 1}
        conn.execute(insert(outbox).values(fresh))
    assert prune(database, OUTBOX) == (0 if stays else 1)


def test_sent_notices_go(database: Database) -> None:
    told(database)
    told(database, promotion_id=ended(database, long_ago=LONG))
    told(database, trouble_id=troubled(database, is_over=True))
    unsent = told(database, sent=False)

    assert prune(database, NOTICES) == 3
    assert left(database, notice) == [unsent]


def test_what_keeps_people_from_being_told_twice_stays(database: Database) -> None:
    over = troubled(database, is_over=True)
    troubled(database, is_over=False, told_as=over)
    kept = [
        told(database, promotion_id=ended(database, long_ago=None)),
        told(database, trouble_id=troubled(database, is_over=False)),
        told(database, trouble_id=over),
    ]
    assert prune(database, NOTICES) == 0
    assert left(database, notice) == kept


def test_a_call_reads_no_more_rows_than_it_may_and_the_next_goes_on(database: Database) -> None:
    kept = [delivered(database, settled=None) for _ in range(3)]
    for _ in range(5):
        delivered(database, settled=LONG)
    # Those that stay stop nobody: the fourth call is at the end, and the next begins anew.
    assert [prune(database, DELIVERIES, most=2) for _ in range(5)] == [0, 1, 2, 2, 0]
    assert left(database, delivery) == kept

    delivered(database, settled=LONG)
    assert sum(prune(database, DELIVERIES, most=2) for _ in range(3)) == 1


def checked(database: Database, app_id: str, **values: Any) -> int:
    """Checks of a commit."""
    said = {"app_id": app_id, "sha": f"{next(NUMBERS):040x}", **values}
    with database.begin() as conn:
        made = conn.execute(insert(commit_check).values(**said).returning(commit_check.c.id))
        return int(made.scalar_one())


def test_checks_of_commits_go_that_nobody_waits_for(database: Database) -> None:
    app_id = rows.add(database).source_id
    checked(database, app_id, created_at=ago(LONG), asked_at=ago(LONG))
    kept = [
        checked(database, app_id, created_at=ago(LONG), asked_at=ago(LONG), due_at=ago(LONG)),
        checked(database, app_id, created_at=ago(LONG), asked_at=ago(SHORT)),
        checked(database, app_id),
    ]
    assert prune(database, CHECKS) == 1
    assert left(database, commit_check) == kept


@pytest.mark.parametrize(
    "table", [post, release, promotion, hold, rule_revision, approval], ids=lambda table: table.name
)
def test_what_the_next_decision_stands_on_is_in_no_pass(table: Table) -> None:
    passes = (retention.BODIES, *retention.RECORDS, retention.AUDIT)
    assert table not in {one.table for one in passes}


def test_the_audit_goes_where_that_is_asked(database: Database) -> None:
    values = {"by": "ana", "action": "a", "subject_type": "rule", "subject_id": "1"}
    with database.begin() as conn:
        conn.execute(insert(audit_entry).values(values | {"at": ago(LONG)}))
        conn.execute(insert(audit_entry).values(values))
    assert prune(database, retention.AUDIT) == 1
    assert len(left(database, audit_entry)) == 1


# What shipped.

PAIR = Pair("acme/shop", "a" * 40, "b" * 40)
SHIPPED = Comparison(Relation.AHEAD, (Commit("b" * 40, "Fix the login", "Bo"),), ahead_by=1)


def compared(database: Database, *promotion_ids: int) -> int:
    """A comparison that was read long ago for these promotions."""
    with database.begin() as conn:
        found = repositories.add_comparison(conn, PAIR, SHIPPED, told_by="github")
        its_own = shipment.c.promotion_id.in_(promotion_ids)
        conn.execute(update(shipment).where(its_own).values(comparison_id=found))
        conn.execute(update(comparison).values(read_at=ago(LONG)))
    return found


def shipped(database: Database, promotion_id: int) -> Comparison:
    with database.begin() as conn:
        found = shipments.of(conn, promotion_id)
    assert found is not None
    assert found.comparison is not None
    return found.comparison


def test_commits_go_and_how_many_there_were_stays(database: Database) -> None:
    first, second = ended(database, long_ago=LONG), ended(database, long_ago=LONG)
    compared(database, first, second)

    assert prune(database, COMMITS) == 1
    assert prune(database, COMMITS) == 0

    found = shipped(database, first)
    assert (found.coming, found.ahead_by, found.relation) == ((), 1, Relation.AHEAD)
    assert not found.is_whole
    with database.begin() as conn:
        assert shown_shipments.of_each(conn, [second])[second].authors == ("Bo",)


def test_commits_stay_that_an_unfinished_promotion_may_need(database: Database) -> None:
    old, waiting = ended(database, long_ago=LONG), ended(database, long_ago=None)
    compared(database, old, waiting)

    assert prune(database, COMMITS) == 0
    assert shipped(database, old).is_whole


def test_what_was_pruned_is_read_again_where_it_is_needed(database: Database) -> None:
    old = ended(database, long_ago=LONG)
    found = compared(database, old)
    prune(database, COMMITS)
    with database.begin() as conn:
        assert repositories.find_comparison(conn, PAIR) is None
        assert repositories.add_comparison(conn, PAIR, SHIPPED, told_by="heroku") == found

    assert shipped(database, old).is_whole


def test_one_comparison_serves_all_promotions_of_its_pair(database: Database) -> None:
    with database.begin() as conn:
        kept = {
            repositories.add_comparison(conn, PAIR, SHIPPED, told_by="github") for _ in range(10)
        }

    assert left(database, comparison) == list(kept)


def test_a_refusal_that_is_over_is_forgotten(database: Database) -> None:
    hour = timedelta(hours=1)
    with database.begin() as conn:
        repositories.refuse(conn, PAIR, "github", "Not Found", for_=-hour)
        repositories.refuse(conn, PAIR, "heroku", "Not Found", for_=hour)
        repositories.forget_refusals(conn, most=10)

        assert not repositories.refused(conn, [PAIR], "github")
        assert repositories.refused(conn, [PAIR], "heroku")
        query = select(refused_comparison.c.told_by)
        assert conn.execute(query).scalars().all() == ["heroku"]
