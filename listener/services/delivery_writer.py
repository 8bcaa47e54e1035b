"""Group commit: one thread a process stores, in one transaction, all deliveries that wait.

A request waits for it without a connection. Its secret counts only if the transaction that stores
reads it as live: what this process remembers of secrets proves nothing.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from listener.db import deliveries, subscriptions
from listener.db.deliveries import Arrival
from listener.db.engine import Database
from listener.db.subscriptions import LiveSecret
from listener.errors import Unavailable
from listener.services.webhook_secrets import OpenedSecret, WebhookSecrets

MOST_WAITING = 256
MOST_SUBMITTED = 192  # so that there is room for requests that wait in threads
MOST_AT_ONCE = 64
GATHER_SECONDS = 0.002  # where many came together, as many more are waited for so long
IDLE_SECONDS = 10.0  # the thread ends when it has had nothing to do for so long
# Classes of SQLSTATE that no single row is the cause of: trying each alone would only take longer.
OF_ALL_ROWS = ("08", "25", "42", "53", "55", "57")

Secrets = tuple[OpenedSecret, ...]
Stored = Future[Secrets | None]


@dataclass(frozen=True, slots=True)
class SignedArrival:
    """A delivery to store, and the secret that it is signed with."""

    arrival: Arrival
    secret: LiveSecret


@dataclass(frozen=True, slots=True)
class _Task:
    signed: SignedArrival | None  # None asks for the secrets alone
    answer: Stored = field(default_factory=Future)


class DeliveryWriter:
    """Stores the deliveries of this process; threads may share it.

    Its thread starts with the first delivery, so after any fork, and dies with the process: it
    leaves nobody behind who was told that something is stored.
    """

    def __init__(self, database: Database, secrets: WebhookSecrets) -> None:
        self._database = database
        self._secrets = secrets
        self._changed = threading.Condition()
        self._waiting: deque[_Task] = deque()
        self._is_running = False
        self._crowd = 0  # how many were stored together the last time

    @property
    def waiting(self) -> int:
        """How many deliveries nobody has begun to store."""
        return len(self._waiting)

    def store(self, signed: SignedArrival | None, *, seconds: float) -> Secrets | None:
        """Store a delivery; return None after the commit.

        Where its secret is not live, or nothing is given, store nothing and return all secrets
        that are live now. Raises what the database raises; Unavailable after so many seconds, or
        if too many wait: it may be stored then, or not.
        """
        stored = self._submit([signed], most=MOST_WAITING)
        if not stored:
            message = "Too many deliveries wait to be stored. Try again soon."
            raise Unavailable(message)
        [answer] = stored
        try:
            return answer.result(seconds)
        except TimeoutError as error:
            answer.cancel()
            raise late() from error

    def submit(self, deliveries: Sequence[SignedArrival]) -> list[Stored]:
        """Begin to store deliveries, the first ones of them, as many as there is room for.

        An answer is None after the commit. It is anything else where nothing is stored, for the
        secret is not live.
        """
        return self._submit(deliveries, most=MOST_SUBMITTED)

    def _submit(self, deliveries: Sequence[SignedArrival | None], *, most: int) -> list[Stored]:
        with self._changed:
            room = max(most - len(self._waiting), 0)
            tasks = [_Task(each) for each in deliveries[:room]]
            if not self._is_running:
                threading.Thread(target=self._run, name="delivery-writer", daemon=True).start()
                self._is_running = True
            self._waiting.extend(tasks)
            self._changed.notify()
        return [task.answer for task in tasks]

    def _run(self) -> None:
        while group := self._next():
            self._answer([task for task in group if task.answer.set_running_or_notify_cancel()])

    def _next(self) -> list[_Task]:
        """Take what waits, as soon as something does; nothing if that takes too long."""
        with self._changed:
            self._is_running = self._changed.wait_for(lambda: bool(self._waiting), IDLE_SECONDS)
            if self._is_running:
                crowd = self._crowd
                self._changed.wait_for(lambda: len(self._waiting) >= crowd, GATHER_SECONDS)
            count = self._crowd = min(len(self._waiting), MOST_AT_ONCE)
            return [self._waiting.popleft() for _ in range(count)]

    def _answer(self, group: Sequence[_Task]) -> None:
        if not group:
            return
        try:
            answers = self._write(group)
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            if len(group) > 1 and _may_be_of_one_row(error):
                for task in group:
                    self._answer([task])
            else:
                for task in group:
                    task.answer.set_exception(error)
            return
        for task, answer in zip(group, answers, strict=True):
            task.answer.set_result(answer)

    def _write(self, group: Sequence[_Task]) -> list[Secrets | None]:
        """Write in one transaction whatever of the group is signed with a live secret."""
        with self._database.begin() as conn:
            used = {task.signed.secret.id for task in group if task.signed is not None}
            live = {row.id: row for row in subscriptions.live_secrets(conn, used)} if used else {}
            are_good = [_is_live(task, live) for task in group]
            self._store(
                conn,
                [t.signed for t, good in zip(group, are_good, strict=True) if t.signed and good],
                live,
            )
            now = () if all(are_good) else self._secrets.learn(subscriptions.live_secrets(conn))
        return [None if good else now for good in are_good]

    def _store(
        self, conn: Connection, given: Sequence[SignedArrival], live: dict[int, LiveSecret]
    ) -> None:
        if not given:
            return
        secrets = [live[secret_id] for secret_id in {each.secret.id for each in given}]
        deliveries.add_all(conn, [each.arrival for each in given])
        if late := {secret.subscription_id for secret in secrets if not secret.is_noted}:
            subscriptions.delivered(conn, *late)
        if unproved := [secret.id for secret in secrets if secret.proved_at is None]:
            subscriptions.prove(conn, *unproved)


def late() -> Unavailable:
    """Return what to say where storing takes too long."""
    message = "The database did not answer in time. Try again soon."
    return Unavailable(message, id="database_unavailable")


def _is_live(task: _Task, live: dict[int, LiveSecret]) -> bool:
    if task.signed is None:
        return False
    used = task.signed.secret
    found = live.get(used.id)
    # The bytes as well: an id may mean another secret after a backup was restored.
    return found is not None and found.sealed == used.sealed


def _may_be_of_one_row(error: Exception) -> bool:
    if isinstance(error, PoolTimeout):
        return False
    if not isinstance(error, DBAPIError):
        return True
    state = getattr(error.orig, "sqlstate", None)
    # Without a state the connection is gone, and with it the answer to a COMMIT, perhaps.
    return state is not None and state[:2] not in OF_ALL_ROWS
