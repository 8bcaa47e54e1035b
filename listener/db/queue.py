"""Claims, leases and fences: who may act on a row, for how long, and which late writes fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any

import psycopg
import structlog
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Executable,
    Integer,
    Interval,
    Row,
    Select,
    Table,
    Text,
    all_,
    and_,
    any_,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.sql.elements import ClauseElement

from listener.db import engine
from listener.db.engine import CHANNEL, Database
from listener.db.fixed import Fixed, as_told, value, values_of
from listener.db.watchdog import Unanswered

LEASE = timedelta(seconds=30)
SOON = timedelta(seconds=5)  # more than a poll takes: what is due by then is notified


class LeaseLost(Exception):
    """Another worker may act on the row by now: write nothing, for it goes on with the row."""


@dataclass(frozen=True, slots=True, eq=False)
class WorkKind:
    """Work of one kind: its table, when a row is due, and which rows this code knows.

    If `due` is more than a column of the row, `put_off` writes a new due time for a key.
    """

    table: Table
    due: ColumnElement[Any]
    known: ColumnElement[bool] = field(default_factory=true)
    put_off: Callable[[Connection, Any, ColumnElement[datetime]], None] | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to act on one row, until a newer fence replaces its fence."""

    table: Table
    key: Any
    fence: int
    attempt: int
    claimed_at: datetime  # by the database's clock
    row: Row[Any]
    status: str | None = None  # the status read, where rows have one


def _key(table: Table) -> ColumnElement[Any]:
    return next(iter(table.primary_key.columns))


def claim(conn: Connection, kind: WorkKind, *, owner: str) -> Claim | None:
    """Claim the row that is due longest and has no live lease, in one statement, if any."""
    return next(iter(claim_some(conn, kind, owner=owner, most=1)), None)


def claim_some(
    conn: Connection,
    kind: WorkKind,
    *,
    owner: str,
    most: int,
    share: Share | None = None,
) -> list[Claim]:
    """Claim the rows that are due longest, `most` at most, in one statement.

    With a share, those of quick subjects first, and only so many of slow ones.
    """
    values: dict[str, Any] = {"owner": owner, "lease": LEASE, "most": most}
    subject = share.subject if share is not None and share.slow else None
    if share is not None and subject is not None:
        values |= {"slow": list(share.slow), "few": list(share.few)}
        values |= {"most_slow": min(most, share.most_slow)}
    rows = _claiming(kind, subject).rows(conn, **values)
    return [held(kind.table, row, row.claimed_at) for row in rows]


@cache
def _claiming(kind: WorkKind, subject: ColumnElement[str] | None) -> Fixed:
    table, key = kind.table, _key(kind.table)
    free = or_(table.c.lease_until.is_(None), table.c.lease_until < func.now())
    due = (
        select(key)
        .where(kind.due <= func.now(), free, kind.known)
        .order_by(kind.due)
        .limit(value("most", Integer))
        .with_for_update(skip_locked=True, key_share=True)
    )
    lease = value("lease", Interval)
    statement = (
        update(table)
        .where(key.in_(_shared(due, subject)))
        .values(
            lease_owner=value("owner", Text),
            lease_until=func.now() + lease,
            fence=table.c.fence + 1,
            attempt=table.c.attempt + 1,
        )
        .returning(*table.c, func.clock_timestamp().label("claimed_at"))
    )
    return Fixed(statement)


@dataclass(frozen=True, slots=True)
class Share:
    """Of slow subjects, only so many rows may be claimed, and only of those among the `few`."""

    subject: ColumnElement[str] | None
    slow: Sequence[str]
    few: Sequence[str]
    most_slow: int


def _shared(due: Select[Any], subject: ColumnElement[str] | None) -> Select[Any]:
    if subject is None:
        return select(due.cte("due_row"))
    slow = value("slow", ARRAY(Text))
    first = select(due.where(subject != all_(slow)).cte("quick_row"))
    few = due.where(subject == any_(value("few", ARRAY(Text))))
    few = few.limit(value("most_slow", Integer))
    both = union_all(first, select(few.cte("slow_row")))
    return select(both.limit(value("most", Integer)).subquery())


def held(table: Table, row: Row[Any], claimed_at: datetime) -> Claim:
    """Return the claim of a row that was written with a lease of ours."""
    key, status = getattr(row, _key(table).name), getattr(row, "status", None)
    return Claim(table, key, row.fence, row.attempt, claimed_at, row, status)


def give_back(conn: Connection, claim: Claim) -> None:
    """Release a claim that nothing was done with, so that others may take it now."""
    values = {"lease_owner": None, "lease_until": None, "attempt": claim.attempt - 1}
    conn.execute(update(claim.table).where(fenced(claim)).values(values))
    notify(conn, claim.table.name)


def fenced(claim: Claim) -> ColumnElement[bool]:
    """Build the condition of every write by a lease holder: same key, fence and status."""
    condition = and_(_key(claim.table) == claim.key, claim.table.c.fence == claim.fence)
    if claim.status is not None:
        condition = and_(condition, claim.table.c.status == claim.status)
    return condition


NOW = func.clock_timestamp()
LEASE_FROM_NOW = NOW + literal(LEASE)
Also = Callable[[ReturningUpdate[Any]], Executable]


def write(
    conn: Connection,
    claim: Claim,
    *,
    is_live: bool = False,
    also: Also | None = None,
    given: Mapping[str, Any] | None = None,
    **values: Any,
) -> Row[Any]:
    """Write the result of a step and release the lease; return the row. Raises LeaseLost.

    `is_live` demands that the lease has not run out, though nobody else took the row yet. `also`
    may add to the statement what is to be written with it. `given` are values that this, or an
    expression among the values, has a place for. Expressions are best constants: a statement with
    the same ones is compiled once.
    """
    values = {"lease_owner": None, "lease_until": None, "attempt": 0, **values}
    made = tuple((name, v) for name, v in values.items() if isinstance(v, ClauseElement))
    plain = {name: v for name, v in values.items() if not isinstance(v, ClauseElement)}
    has_status = claim.status is not None
    statement = _writing(claim.table, tuple(sorted(plain)), made, is_live, has_status, also)
    own = {"own_key": claim.key, "own_fence": claim.fence}
    if has_status:
        own["own_status"] = claim.status
    told = {name: as_told(claim.table.c[name].type, each) for name, each in plain.items()}
    row: Row[Any] | None = statement.first(conn, **own, **told, **(given or {}))
    if row is None:
        raise LeaseLost
    return row


@lru_cache(maxsize=100)
def _writing(
    table: Table,
    plain: tuple[str, ...],
    made: tuple[tuple[str, ColumnElement[Any]], ...],
    is_live: bool,
    has_status: bool,
    also: Also | None,
) -> Fixed:
    own = [_key(table) == value("own_key", _key(table).type)]
    own.append(table.c.fence == value("own_fence", BigInteger))
    if has_status:
        own.append(table.c.status == value("own_status", Text))
    if is_live:
        own.append(table.c.lease_until > NOW)
    values = values_of(table, plain) | dict(made)
    statement = update(table).where(*own).values(values).returning(*table.c)
    return Fixed(also(statement) if also is not None else statement)


def renew(conn: Connection, claim: Claim) -> None:
    """Extend a live lease by a whole lease from now. Raises LeaseLost."""
    is_live = claim.table.c.lease_until > func.clock_timestamp()
    values = {"lease_until": func.clock_timestamp() + literal(LEASE)}
    statement = update(claim.table).where(fenced(claim), is_live).values(values)
    if conn.execute(statement).rowcount == 0:
        raise LeaseLost


def postpone(conn: Connection, claim: Claim, kind: WorkKind, pause: timedelta) -> None:
    """Release the row for later after an unexpected error; its count of attempts stays."""
    due_at = func.now() + literal(pause)
    values: dict[Any, Any] = {"lease_owner": None, "lease_until": None}
    if kind.put_off is None:
        values[kind.due.key] = due_at
    is_ours = conn.execute(update(claim.table).where(fenced(claim)).values(values)).rowcount
    if is_ours and kind.put_off is not None:
        kind.put_off(conn, claim.key, due_at)


def due_in(conn: Connection, kinds: Iterable[WorkKind]) -> list[float | None]:
    """Return for each kind the seconds until work is due, 0 if some is already; None if none."""
    row = _due_in(tuple(kinds)).first(conn)
    return [max(float(seconds), 0.0) if seconds is not None else None for seconds in row]


@cache
def _due_in(kinds: tuple[WorkKind, ...]) -> Fixed:
    moments = [
        select(func.min(func.greatest(kind.due, kind.table.c.lease_until)))
        .where(kind.due.is_not(None), kind.known)
        .scalar_subquery()
        for kind in kinds
    ]
    seconds = [func.extract("epoch", each - func.clock_timestamp()) for each in moments]
    return Fixed(select(*(each.label(f"in_{n}") for n, each in enumerate(seconds))))


def until_next(conn: Connection, kinds: Iterable[WorkKind]) -> float | None:
    """Return the seconds until work of any of these kinds is due; None if there is none."""
    found = [seconds for seconds in due_in(conn, kinds) if seconds is not None]
    return min(found, default=None)


log = structlog.get_logger()

RECONNECT_SECONDS = 1.0
LISTEN_SECONDS = 1.0
PULSE_SECONDS = 10.0  # how often an idle connection is checked


EVERYTHING = "*"
PAGE = "page"  # no work, but what is shown on pages has changed


def notify(conn: Connection, topic: str = EVERYTHING, *, subject: str = "") -> None:
    """Wake every process when this transaction commits; the topic is the table with the work.

    With a subject, the app that the work is about, whoever works for that one just then is left in
    peace until then.
    """
    engine.wake(conn, f"{topic}:{subject}" if subject else topic)


def notify_pages() -> ColumnElement[Any]:
    """Build what tells open pages of each row that a statement returns, as that commits.

    It belongs into a statement that is sent anyway, where each one counts.
    """
    return func.pg_notify(CHANNEL, PAGE)


def notify_app(app_id: ColumnElement[str]) -> ColumnElement[Any]:
    """Build what tells of work for the app of each row that a statement returns, as that commits.

    As above; rows of one app are told of once.
    """
    return func.pg_notify(CHANNEL, literal("app:") + app_id)


class NotificationListener:
    """One connection that listens for a whole process.

    While it is down nothing is lost: runners poll as well.
    """

    def __init__(
        self,
        database: Database,
        *,
        pulse: Callable[[], None] = lambda: None,
        pulse_seconds: float = PULSE_SECONDS,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        """Call `pulse` every few seconds, and `heard` after each notification."""
        self._database = database
        self._pulse = pulse
        self._tell = heard
        self._pulse_seconds = pulse_seconds
        self._heard = threading.Condition()
        self._count = 0
        self._topics: set[str] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="ear", daemon=True)

    @property
    def count(self) -> int:
        """The number of wake-ups so far; read it before you look for work."""
        return self._count

    def take(self) -> set[str]:
        """Return the topics of all wake-ups since the last time."""
        with self._heard:
            topics, self._topics = self._topics, set()
        return topics

    def ring(self, topic: str = "") -> None:
        """Wake whoever waits, in this process alone."""
        self._wake({topic})

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, and wake all waiting threads."""
        self._stopping.set()
        self._wake(set())
        if self._thread.is_alive():
            self._thread.join(2 * LISTEN_SECONDS)

    def wait(self, seen: int, seconds: float) -> None:
        """Wait for a wake-up after `seen`, for so many seconds at most."""
        with self._heard:
            self._heard.wait_for(
                lambda: self._count != seen or self._stopping.is_set(), timeout=seconds
            )

    def _wake(self, topics: set[str]) -> None:
        with self._heard:
            self._count += 1
            self._topics |= topics
            self._heard.notify_all()

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
            except psycopg.Error as error:
                log.warning("deaf", error=type(error).__name__)
            except Exception:  # without this thread the process would seem dead to the others
                log.exception("ear_broken")
            self._stopping.wait(RECONNECT_SECONDS)

    def _follow(self) -> None:
        with self._database.listen(CHANNEL) as connection:
            self._wake({EVERYTHING})  # for notifications that we missed while not connected
            self._tell()
            pulse_at = time.monotonic() + self._pulse_seconds
            while not self._stopping.is_set():
                for told in connection.notifies(timeout=LISTEN_SECONDS, stop_after=1):
                    if (topics := set(told.payload.split())) != {PAGE}:  # nobody sleeps for these
                        self._wake(topics or {EVERYTHING})
                    self._tell()
                if time.monotonic() >= pulse_at:
                    self._pulse()
                    if not connection.is_alive():
                        raise Unanswered
                    pulse_at = time.monotonic() + self._pulse_seconds
