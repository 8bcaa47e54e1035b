"""A stage: one listener's steps, taken one at a time, and the Heroku they play before.

Time is the database's: instead of waiting, a test has everything happened so much earlier.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from functools import cache
from typing import Any

import httpx
from psycopg.errors import DeadlockDetected
from sqlalchemy import ClauseElement, Column, Connection, exists, func, insert, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.exc import OperationalError

from listener.core.promotion import ENDED, Status
from listener.crypto import Keys
from listener.db import apps, deliveries, holds, promotions, queue, sync
from listener.db.apps import AppRow
from listener.db.commit_tables import shipment
from listener.db.deliveries import Arrival
from listener.db.engine import Database
from listener.db.holds import HoldRow
from listener.db.promotions import PromotionRow
from listener.db.tables import delivery, metadata, notice, post, subscription
from listener.heroku import Heroku
from listener.inventory.commits import CommitReader
from listener.inventory.context import Clock, Context
from listener.inventory.reader import HerokuReader
from listener.inventory.traits import Comparisons
from listener.prober import Prober
from listener.services.holds import NewHold
from listener.services.promote import NewPromotions
from listener.services.rollback import NewRollback
from listener.services.rule_definition import NewRule, RuleChange
from listener.worker import handlers
from listener.worker.queues import PROBING, PROMOTING, READING, TELLING, Queue
from tests.anew import gathered_anew
from tests.bound import Bound
from tests.worker.emulated import ANA, PROD, STAGING, TOKEN, Emulated
from tests.worker.wire import Around, MortalDatabase, Mortality, Wire

PUBLIC_URL = "https://autopromote.example.com"
MOST_STEPS = 80
MOST_DEADLOCKS = 5  # each takes PostgreSQL's deadlock_timeout of a second to find
DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
LEASE = queue.LEASE + timedelta(seconds=1)


class Stage(Emulated):
    """A listener without threads, its database and its Heroku."""

    unshifted: frozenset[Column[Any]] = frozenset()  # times of a clock that goes its own way
    _worked_at = 0.0

    def __init__(self, database: Database, transport: httpx.BaseTransport) -> None:
        self.database = database
        self.mortality = Mortality()
        self.wire = Wire(transport, self.mortality)
        super().__init__(self.wire.inner)
        heroku = Heroku(TOKEN, url="http://localhost", transport=self.wire)
        mortal_database = MortalDatabase(database, self.mortality)
        reader = HerokuReader(mortal_database, heroku)
        self.context = Context(
            mortal_database,
            heroku,
            reader,
            Comparisons(heroku),
            CommitReader(mortal_database, heroku, reader),
            Keys(["k" * 32]),
            public_url=PUBLIC_URL,
            prober=Prober(allow_private=True),
        )
        self.rules = Bound(self.context, "rules")
        self.holds = Bound(self.context, "holds")
        self.desk = Bound(self.context, "promotions", "promote", "rollback")
        self.approvals = Bound(self.context, "approvals")

    # What people want of the listener.

    def add_rule(self, name: str = "ship", **wish: Any) -> int:
        """A rule from staging to production, unless something else is wished; answers its id."""
        wish = {"source": STAGING, "targets": (PROD,), **wish}
        rule = self.rules.add(NewRule(name=name, **wish), by=ANA)
        self.work()
        self.wire.take_calls()
        return rule.row.id

    def change_rule(self, name: str = "ship", **change: Any) -> None:
        """A change of a rule."""
        self.rules.update(name, RuleChange(**change), by=ANA)

    def promote(self, version: int | None = None, *targets: str, source: str = STAGING) -> None:
        """A promotion by hand."""
        wish = NewPromotions(source=source, targets=targets or (PROD,), version=version)
        self.desk.promote_by_hand(wish, by=ANA)

    def ask_rollback(self, to: int | None = None) -> None:
        """A rollback by hand."""
        self.desk.roll_back(NewRollback(app=PROD, to=to, reason="it is slow"), by=ANA)

    def put_hold(self, app: str | None = PROD, **more: Any) -> None:
        """A hold by hand."""
        self.holds.put(NewHold(app=app, reason="launch day", **more), by=ANA)

    def release_hold(self, app: str | None = PROD) -> str:
        """End the holds; answers what is said."""
        return self.holds.release(app, by=ANA).message

    def approve(self, version: int, *people: str) -> None:
        """Each of these people's yes to the last promotion of a version."""
        for by in people:
            self.approvals.approve(str(self.promotion(version).id), by=by)

    def reject(self, version: int, by: str, reason: str | None = None) -> None:
        """Somebody's no."""
        self.approvals.reject(str(self.promotion(version).id), reason=reason, by=by)

    def cancel(self, row: PromotionRow) -> None:
        """Cancel a promotion."""
        self.desk.cancel(str(row.id), by=ANA)

    def tell(self, version: int, app: str = STAGING, *, event: str = "", **more: Any) -> None:
        """A webhook delivery about a release, as authentic as they come."""
        release = next((r for r in self.releases(app) if r["version"] == version), None)
        values: dict[str, Any] = {"release_id": None, "artifact": None}
        if release is not None:
            values = {"release_id": release["id"], "artifact": (release["slug"] or {}).get("id")}
            values |= {name: release.get(name) for name in ("status", "commit", "stack")}
        app_id = self.app(app).id
        with self.database.begin() as conn:
            arrival = Arrival(
                key=event or f"{app} v{version} {self._count(conn)}",
                subscription_id=_subscription(conn, app_id),
                app_id=app_id,
                body=b"sealed",
                **{"resource": "release", "version": version, **values, **more},
            )
            deliveries.add(conn, arrival)

    def _count(self, conn: Connection) -> int:
        return len(conn.execute(select(delivery.c.id)).all())

    # The listener at work.

    looking = PROMOTING[1:2]
    promoting = PROMOTING[:1]

    def step(
        self, queues: Iterable[Queue] = (*PROMOTING, *PROBING), *, owner: str = "test"
    ) -> bool:
        """One step of every queue that has work; answers whether any had."""
        queues = tuple(queues)
        if TELLING[0] in queues:  # a notice waits for it
            self.read_what_ships()
        due, has_any = self._due(queues), False
        for work_queue in queues:
            goes_on = self.promoting[0] in queues  # as a runner does, with what a look just made
            if work_queue in due and self._step(work_queue, owner, goes_on=goes_on):
                due, has_any = self._due(queues), True
        return has_any

    def read_what_ships(self) -> None:
        """Read it now, as a thread of its own does after two seconds."""
        with self.database.begin() as conn:
            pending = shipment.c.due_at.is_not(None)
            conn.execute(update(shipment).where(pending).values(due_at=queue.NOW))
        while self.step(READING):
            pass

    def _due(self, queues: tuple[Queue, ...]) -> set[Queue]:
        """The queues with a row that is due, leased or not; cheaper than claiming in vain."""
        with self.database.begin() as conn:
            found = conn.exec_driver_sql(_due_query(queues)).one()
        return {each for each, is_due in zip(queues, found, strict=True) if is_due}

    def _step(self, work_queue: Queue, owner: str, *, goes_on: bool) -> bool:
        with self.database.begin() as conn:
            claim = work_queue.claim(conn, owner)
        if claim is None:
            return False
        with gathered_anew(self.database), suppress(queue.LeaseLost):
            following = work_queue.step(self.context, claim, Clock(claim.claimed_at))
            if following is not None and goes_on:
                handlers.go_on(self.context, following)
            elif following is not None:
                with self.database.begin() as conn:
                    queue.give_back(conn, following.claim)
        return True

    def work(self, most: int = MOST_STEPS) -> None:
        """Take steps until nothing is due; fails where something is always due."""
        self._worked_at = time.monotonic()
        for _ in range(most):
            if not self.step():
                return
        raise AssertionError(f"still due after {most} rounds: {self.promotions()}")

    def look(self, app: str = STAGING) -> None:
        """Have an app looked at as reconcile does, and do what follows."""
        with self.database.begin() as conn:
            apps.ask_look(conn, self.app(app).id, must_read=True)
        self.work()

    def look_only(self, app: str = STAGING) -> None:
        """Have an app looked at, and nothing that follows from it done."""
        with self.database.begin() as conn:
            apps.ask_look(conn, self.app(app).id, must_read=True)
        assert self.step(self.looking)

    def look_at_once(self, around: Around, path: str) -> None:
        """One look at staging, with something happening around its reading."""
        self.wire.put(around, method="GET", path=path)
        self.look_only()

    def reconcile_only(self) -> None:
        """Have everything become due for a look, and nothing done."""
        with self.database.begin() as conn:
            sync.ask_reconcile(conn)
        assert self.step(PROMOTING[2:])

    def step_until(self, status: Status) -> None:
        """Take steps until the last promotion has this status."""
        for _ in range(MOST_STEPS):
            if self.promotions()[-1].status is status:
                return
            assert self.step()
        raise AssertionError(f"never {status}: {self.promotions()}")

    def reconcile(self) -> None:
        """Have everything looked at."""
        with self.database.begin() as conn:
            sync.ask_reconcile(conn)
        self.work()

    def age(self, **by: float) -> None:
        """Have everything happened so much earlier, and do what is due then."""
        self.shift(timedelta(**by))
        self.work()

    def shift(self, by: timedelta) -> None:
        """Have everything happened so much earlier.

        It takes every row of every table in an order of its own, so threads that work meanwhile
        may stand across its way: then PostgreSQL ends one of the two, and this one begins again.
        """
        statements = _shifts(self.unshifted).format(seconds=by.total_seconds())
        for attempt in range(MOST_DEADLOCKS + 1):
            try:
                with self.database.begin() as conn:
                    conn.exec_driver_sql(statements)
            except OperationalError as error:
                if not isinstance(error.orig, DeadlockDetected) or attempt == MOST_DEADLOCKS:
                    raise
            else:
                return

    @staticmethod
    def seconds(number: float) -> timedelta:
        """For `shift`."""
        return timedelta(seconds=number)

    def outlive(self) -> None:
        """Whoever held a lease is gone for good; somebody else goes on until everything ended."""
        self.shift(LEASE)
        self.work()
        for _ in range(40):
            if all(row.status in ENDED for row in self.promotions()):
                return
            self.age(seconds=16)
        raise AssertionError(f"not ended: {self.promotions()}")

    def is_busy(self) -> bool:
        """Somebody is at work on something, or should be."""
        due_in = self.due_in()
        return due_in is not None and due_in < LEASE.total_seconds() and self.leases() > 0

    def leases(self) -> int:
        """How many rows somebody works on."""
        query = "SELECT count(*) FROM {} WHERE lease_until > now()"
        with self.database.begin() as conn:
            return sum(
                conn.exec_driver_sql(query.format(table)).scalar_one()
                for table in ("promotion", "app", "chore")
            )

    # What came of it.

    def posts_sent(self) -> int:
        """How many POSTs left us."""
        return sum(call.startswith("POST ") for call in self.wire.calls)

    def promotions(self) -> list[PromotionRow]:
        """Every promotion, oldest first."""
        with self.database.begin() as conn:
            return promotions.list_(conn)[::-1]

    def promotion(self, version: int, target: str = PROD) -> PromotionRow:
        """The last promotion of a version to a target."""
        app_id = self.app(target).id
        rows = [r for r in self.promotions() if (r.version, r.target_id) == (version, app_id)]
        return rows[-1]

    def statuses(self) -> list[Status]:
        """What became of every promotion, oldest first."""
        return [row.status for row in self.promotions()]

    def app(self, name: str) -> AppRow:
        """What is known of an app."""
        with self.database.begin() as conn:
            row = apps.find(conn, name)
        assert row is not None, f"{name} is unknown"
        return row

    def held(self, app: str = PROD) -> list[HoldRow]:
        """The open holds of an app, oldest first."""
        with self.database.begin() as conn:
            return holds.open_(conn, self.app(app).id)[::-1]

    def outcomes(self) -> list[str | None]:
        """What came of each delivery, None where that is not settled, oldest first."""
        query = select(delivery.c.outcome, delivery.c.settled_at).order_by(delivery.c.id)
        with self.database.begin() as conn:
            return [r.outcome if r.settled_at else None for r in conn.execute(query)]

    def life(self, version: int) -> list[str]:
        """The statuses that a promotion went through."""
        with self.database.begin() as conn:
            return [item.event for item in promotions.events(conn, self.promotion(version).id)]

    def posts(self) -> list[Any]:
        """Every post, oldest first."""
        with self.database.begin() as conn:
            return list(conn.execute(select(post).order_by(post.c.id)))

    def told(self, kind: str) -> list[str]:
        """The bodies of what people are told of this kind, oldest first."""
        query = select(notice.c.body).where(notice.c.kind == kind).order_by(notice.c.id)
        with self.database.begin() as conn:
            return list(conn.execute(query).scalars())

    def notices(self) -> list[str]:
        """The titles of what people are told, oldest first."""
        with self.database.begin() as conn:
            return list(conn.execute(select(notice.c.title).order_by(notice.c.id)).scalars())

    def promotion_due_in(self, version: int) -> float:
        """Seconds until a promotion is due."""
        with self.database.begin() as conn:
            now = conn.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        due_at = self.promotion(version).due_at
        assert due_at is not None
        return float((due_at - now).total_seconds())

    def is_put_off(self, seconds: float, version: int | None = None) -> bool:
        """Whether the last work put off by so much a promotion, or what is due next.

        However long this machine took since that work began.
        """
        due_in = self.due_in() if version is None else self.promotion_due_in(version)
        assert due_in is not None
        return due_in <= seconds <= due_in + (time.monotonic() - self._worked_at)

    def since_post(self) -> float:
        """Seconds since the last post."""
        with self.database.begin() as conn:
            now = conn.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return float((now - self.posts()[-1].sent_at).total_seconds())

    def due_after_post(self) -> float:
        """Seconds from the last post to what is due next of its promotion."""
        sent_at, row = self.posts()[-1].sent_at, self.promotions()[-1]
        assert row.due_at is not None
        return float(round((row.due_at - sent_at).total_seconds(), 3))

    def due_in(self) -> float | None:
        """Seconds until something is due."""
        with self.database.begin() as conn:
            kinds = [each.kind for each in (*PROMOTING[:2], *PROBING)]
            return queue.until_next(conn, kinds)


@cache
def _due_query(queues: tuple[Queue, ...]) -> str:
    """Ask of each queue whether a row is due."""
    kinds = [each.kind for each in queues]
    asked = [exists().where(kind.due <= func.now(), kind.known).select() for kind in kinds]
    return _text(select(*(query.scalar_subquery() for query in asked)))


@cache
def _shifts(unshifted: frozenset[Column[Any]]) -> str:
    """Write every time of every table so many {seconds} earlier, in one go."""
    updates = []
    for table in metadata.sorted_tables:
        times = [c for c in table.c if isinstance(c.type, TIMESTAMP) and c not in unshifted]
        if times:
            values = {c: c - text("interval '{seconds} seconds'") for c in times}
            updates.append(_text(update(table).values(values)))
    return "; ".join(updates)


def _text(statement: ClauseElement) -> str:
    """Compile it for once and all, without parameters."""
    return str(statement.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))


def _subscription(conn: Connection, app_id: str) -> int:
    query = select(subscription.c.id).where(subscription.c.app_id == app_id)
    found = conn.execute(query).scalar_one_or_none()
    if found is not None:
        return int(found)
    values = {"app_id": app_id, "url": "https://autopromote.example.com", "created_by": ANA}
    made = insert(subscription).values(values).returning(subscription.c.id)
    return int(conn.execute(made).scalar_one())
