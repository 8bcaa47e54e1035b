"""What others than a lease holder may change of promotions: those that wait.

They may end them, and wake them to be decided anew. The new fence voids the claim of an evaluation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    Text,
    any_,
    false,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.dml import Update

from listener.core.promotion import RETRYABLE, UNFINISHED, Status
from listener.db import queue, shipments
from listener.db.fixed import Fixed, value
from listener.db.promotions import PromotionRow, get, record_event, row_of, with_event
from listener.db.queue import notify
from listener.db.release_requests import read_afterwards
from listener.db.running import artifact_on
from listener.db.tables import promotion as table
from listener.db.tables import shipment


def lock_around(conn: Connection, *app_ids: str, with_waiting: bool = False) -> Sequence[Row[Any]]:
    """Lock every unfinished promotion to or from these apps, to write several of them.

    Return a row for each rule and target: rule_id, target_id and the lowest version that waits,
    `waits_from`. Thousands may be locked, and nobody reads them.

    `with_waiting` adds all waiting promotions, for a caller that wakes them all. Rows are locked
    in id order to avoid deadlocks.
    """
    around = _LOCK_ALL if with_waiting else _LOCK_AROUND
    return around.rows(conn, ids=list(app_ids))


def _locking(*more: ColumnElement[bool]) -> Fixed:
    ids = value("ids", ARRAY(Text))
    around = or_(table.c.target_id == any_(ids), table.c.source_id == any_(ids), *more)
    shown = (table.c[name] for name in ("status", "rule_id", "target_id", "version"))
    query = select(*shown).where(table.c.status.in_(UNFINISHED), around)
    locked = query.order_by(table.c.id).with_for_update().subquery()
    waits_from = func.min(locked.c.version).filter(locked.c.status == Status.WAITING)
    way = (locked.c.rule_id, locked.c.target_id)
    return Fixed(select(*way, waits_from.label("waits_from")).group_by(*way))


_LOCK_AROUND = _locking()
_LOCK_ALL = _locking(table.c.status == Status.WAITING)


def lock(conn: Connection, promotion_id: int) -> PromotionRow:
    """Lock one promotion, alone, and return it as it is then."""
    query = select(table).where(table.c.id == promotion_id).with_for_update()
    return row_of(conn.execute(query).one())


_VOID: dict[str, Any] = {
    "fence": table.c.fence + 1,
    "lease_until": None,
    "lease_owner": None,
    "attempt": 0,  # the claim ended without a write, but not by a fault of its step
}


def _changing_waiting(*where: ColumnElement[bool], **values: Any) -> Update:
    """Build the change of all that waits and matches; rows are locked in id order first."""
    query = select(table.c.id).where(table.c.status == Status.WAITING, *where)
    locked = query.order_by(table.c.id).with_for_update().scalar_subquery()
    changed = update(table).where(table.c.id == any_(func.array(locked)))
    return changed.values({**_VOID, **values})


def _ending(*where: ColumnElement[bool]) -> Select[Any]:
    said = {"status": value("event", Text), "reason": value("message", Text), "due_at": None}
    times = dict.fromkeys(("status_at", "ended_at", "updated_at"), queue.NOW)
    return with_event(_changing_waiting(*where, **said, **times).returning(table))


def cancel(conn: Connection, promotion_id: int, *, reason: str) -> PromotionRow | None:
    """Cancel a waiting promotion; return None where it does not wait."""
    row = _END.first(conn, event=Status.CANCELLED, message=reason, id=promotion_id)
    if row is None:
        return None
    notify(conn, "promotion")
    return row_of(row)


def supersede_older(
    conn: Connection, newer: PromotionRow, around: Iterable[Row[Any]], *, reason: str
) -> int:
    """Supersede what waits under the same rule and target with a lower version; return how many.

    `around` is what `lock_around` returned.
    """
    if not any(_gives_way(row, newer) for row in around):
        return 0
    about = {"rule_id": newer.rule_id, "target_id": newer.target_id, "version": newer.version}
    ((ended,),) = _END_OLDER.rows(conn, event=Status.SUPERSEDED, message=reason, **about)
    if ended:
        notify(conn, "promotion")
    return int(ended)


def _gives_way(row: Row[Any], newer: PromotionRow) -> bool:
    is_older = row.waits_from is not None and row.waits_from < newer.version
    return is_older and (row.rule_id, row.target_id) == (newer.rule_id, newer.target_id)


_IS_IT = table.c.id == value("id", BigInteger)
_IS_TARGET = table.c.target_id == value("target_id", Text)
_END = Fixed(_ending(_IS_IT))
_OLDER = _ending(
    table.c.rule_id == value("rule_id", BigInteger),
    _IS_TARGET,
    table.c.version < value("version", Integer),
)
_END_OLDER = Fixed(_OLDER.with_only_columns(func.count()))


def _waking(*where: ColumnElement[bool], **values: Any) -> Fixed:
    return Fixed(_changing_waiting(*where, due_at=queue.NOW, **values))


def _wake(conn: Connection, waking: Fixed, **about: Any) -> int:
    if woken := waking.write(conn, **about):
        notify(conn, "promotion")
    return woken


def reschedule_target(conn: Connection, target_id: str | None, *, but: int | None = None) -> int:
    """Make every promotion that waits for this target (None: for any) due now; return how many.

    `but` is one promotion to leave out: it has its own reason to wait longer.
    """
    if target_id is None:
        return _wake(conn, _WAKE_ALL)
    woken: int = _WAKE_TARGET.first(conn, target_id=target_id, but=but).woken
    if woken:
        notify(conn, "promotion")
    return woken


def reschedule_source(conn: Connection, source_id: str) -> int:
    """Make every waiting promotion of a release of this source due now; return how many."""
    return _wake(conn, _WAKE_SOURCE, source_id=source_id)


def reschedule_rule(conn: Connection, rule_id: int, revision: int) -> int:
    """Make what waits under a changed rule due now, by its new revision; return how many."""
    woken: int = _WAKE_RULE.first(conn, rule_id=rule_id, revision=revision).woken
    if woken:
        notify(conn, "promotion")
    return woken


def wake(conn: Connection, promotion_id: int) -> int:
    """Make a promotion due now, if it waits, for what it waits for may be there."""
    return _wake(conn, _WAKE_ONE, id=promotion_id)


def wake_each(conn: Connection, promotion_ids: Sequence[int]) -> int:
    """Make those of these promotions due now that wait; return how many."""
    return _wake(conn, _WAKE_EACH, ids=list(promotion_ids)) if promotion_ids else 0


def wake_for(conn: Connection, source_id: str, marker: Jsonb) -> int:
    """Make what waits at a gate with these facts due now, of releases of a source; return how many.

    The marker is of verdicts as they are stored.
    """
    return _wake(conn, _WAKE_FOR, source_id=source_id, marker=marker)


def _waking_target(*where: ColumnElement[bool]) -> Fixed:
    """Wake what waits for a target that may have moved, and have read anew what ships with it.

    Whoever reads it just now may count from what ran before: that claim is void. What could not be
    read a moment ago rests, unless the target runs something else by now.
    """
    changed = _changing_waiting(*where, due_at=queue.NOW)
    woken = changed.returning(table.c.id, table.c.target_id).cte("woken")
    runs = artifact_on(woken.c.target_id).label("runs")
    now = select(woken.c.id, runs).cte("now")
    is_other = shipment.c.base_artifact.is_distinct_from(now.c.runs)
    is_at_rest = shipment.c.due_at.is_(None)
    is_being_read = shipment.c.lease_owner.is_not(None)
    is_due = shipment.c.due_at <= func.now()  # it may be locked, to be stored just now
    is_touched = or_(is_other, is_at_rest, is_being_read, is_due)
    anew = (
        update(shipment)
        .where(shipment.c.promotion_id == now.c.id, is_touched)
        .values(read_afterwards(is_other))
    )
    return Fixed(select(func.count().label("woken")).select_from(woken).add_cte(anew.cte("anew")))


def _waking_rule() -> Fixed:
    """Wake what waits under a rule, and have read anew what ships: it may name the repository."""
    its_own = table.c.rule_id == value("rule_id", BigInteger)
    changed = _changing_waiting(its_own, due_at=queue.NOW, rule_revision=value("revision", Integer))
    woken = changed.returning(table.c.id).cte("woken")
    anew = (
        update(shipment)
        .where(shipment.c.promotion_id == woken.c.id)
        .values(read_afterwards(false()))
    )
    return Fixed(select(func.count().label("woken")).select_from(woken).add_cte(anew.cte("anew")))


_WAKE_ONE = _waking(_IS_IT)
_WAKE_EACH = _waking(table.c.id == any_(value("ids", ARRAY(BigInteger))))
_WAKE_ALL = _waking()
_WAKE_TARGET = _waking_target(_IS_TARGET, table.c.id.is_distinct_from(value("but", BigInteger)))
_WAKE_SOURCE = _waking(table.c.source_id == value("source_id", Text))
_WAKE_FOR = _waking(
    table.c.source_id == value("source_id", Text), table.c.gates.contains(value("marker", JSONB))
)
_WAKE_RULE = _waking_rule()


def reevaluate(
    conn: Connection, promotion_id: int, event: str, reason: str, **values: Any
) -> PromotionRow | None:
    """Wake a waiting promotion after a person's decision; return None where it does not wait."""
    said = {"reason": reason, "updated_at": func.clock_timestamp(), **values}
    if not _wake(conn, _waking(table.c.id == promotion_id, **said)):
        return None
    record_event(conn, promotion_id, event, reason)
    return get(conn, promotion_id)


def retry(
    conn: Connection, promotion_id: int, *, reason: str, **values: Any
) -> PromotionRow | None:
    """Let an ended promotion wait again; return None where its status allows no retry."""
    now = func.clock_timestamp()
    statement = (
        update(table)
        .where(table.c.id == promotion_id, table.c.status.in_(RETRYABLE))
        .values(
            {
                **_VOID,
                "status": Status.WAITING,
                "reason": reason,
                "due_at": now,
                "status_at": now,
                "updated_at": now,
                "ended_at": None,
                "errors_since": None,
                "gone_since": None,
                "evaluated_at": None,
                "checked": null(),
                "checked_at": None,
                "checks_since": None,
                "verification": null(),
                "target_release_id": None,
                "target_version": None,
                **values,
            }
        )
        .returning(table)
    )
    row = conn.execute(statement).one_or_none()
    if row is None:
        return None
    record_event(conn, row.id, Status.WAITING, reason)
    notify(conn, "promotion")
    shipments.read_anew(conn, row.id)
    return row_of(row)


def of_target(conn: Connection, target_id: str) -> list[PromotionRow]:
    """Return the promotions that wait for the target, newest release first."""
    query = (
        select(table)
        .where(table.c.target_id == target_id, table.c.status == Status.WAITING)
        .order_by(table.c.version.desc(), table.c.id.desc())
    )
    return [row_of(row) for row in conn.execute(query)]


def of_rule(conn: Connection, rule_id: int) -> list[PromotionRow]:
    """Lock the promotions that wait under a rule, to end them; return them, oldest first."""
    query = select(table).where(table.c.rule_id == rule_id, table.c.status == Status.WAITING)
    return [row_of(row) for row in conn.execute(query.order_by(table.c.id).with_for_update())]
