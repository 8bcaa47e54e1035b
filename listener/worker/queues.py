"""The kinds of work that a process takes on, each with its step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Connection

from listener.db import commit_checks, notifications, outbox, queue, shipments, sync, troubles
from listener.db.tables import app, promotion
from listener.db.tables import outbox as word
from listener.inventory.context import Clock, Context
from listener.worker import (
    check_webhooks,
    handlers,
    notify,
    read_checks,
    read_shipment,
    report_troubles,
    sync_releases,
    tell,
)
from listener.worker.job import NextStep

Asked = Literal["heroku", "urls"]


@dataclass(frozen=True, slots=True, eq=False)
class Queue:
    """Work of one kind, and its step; a subject whose last step was slow may be slow again."""

    name: str
    kind: queue.WorkKind
    step: Callable[[Context, queue.Claim, Clock], NextStep | None]
    subject: ColumnElement[str] | None = None
    asks: Asked = "heroku"  # who may be slow: queues that ask the same know it from each other

    def claim(self, conn: Connection, owner: str) -> queue.Claim | None:
        """Claim the work that is due longest, if any is due."""
        return queue.claim(conn, self.kind, owner=owner)

    def subject_of(self, claim: queue.Claim) -> str | None:
        """Return the app that the work is about, if it is about one."""
        column = self.subject
        return getattr(claim.row, column.key) if column is not None and column.key else None


PROMOTING: tuple[Queue, ...] = (
    Queue("promotion", handlers.PROMOTIONS, handlers.promote, promotion.c.target_id),
    Queue("look", sync.LOOKS, sync_releases.step, app.c.id),
    Queue("chore", sync.CHORES, handlers.reconcile),
    Queue("webhook", sync.WEBHOOKS, check_webhooks.step),
    Queue("trouble", troubles.TROUBLES, report_troubles.step),
)
# A URL may be slow where Heroku is quick.
PROBING: tuple[Queue, ...] = (
    Queue("probed promotion", handlers.PROBED, handlers.promote, promotion.c.target_id, "urls"),
)
# A thread of its own: a dead chat service may not delay promotions.
TELLING: tuple[Queue, ...] = (Queue("notice", notifications.NOTICES, notify.step),)
# What ships is told by others than Heroku's releases, and a dead GitHub may not delay notices.
READING: tuple[Queue, ...] = (
    Queue("checks", commit_checks.CHECKS, read_checks.step),
    Queue("shipment", shipments.SHIPMENTS, read_shipment.step),
)
# GitHub and receivers of events; one that is silent may not delay another.
SPREADING: tuple[Queue, ...] = (Queue("word", outbox.WORDS, tell.step, word.c.channel, "urls"),)
