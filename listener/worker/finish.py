"""Write a transition under the target's lock, with all that follows, and wake what waited."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection

from listener.core.drift import LastKnown
from listener.core.promotion import ACTIVE, ENDED, Status
from listener.core.release import Release
from listener.db import (
    apps,
    holds,
    promotions,
    queue,
    release_requests,
    releases,
    rules,
    waiting_promotions,
)
from listener.db.promotions import PromotionRow
from listener.db.release_requests import PostRow
from listener.db.releases import Around
from listener.inventory import own_releases
from listener.inventory.context import Context
from listener.worker import notify

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """The next status of a promotion, and what follows from it."""

    status: Status
    reason: str
    due_at: datetime | None = None
    post: PostRow | None = None
    outcome: str | None = None  # of the post
    release_id: str | None = None
    version: int | None = None
    is_running: bool = False  # the release became what the target runs
    artifact: str | None = None  # its artifact, where it is not the promotion's own
    is_way_back: bool = False  # the release undoes the one that the promotion made
    hold: str | None = None  # the reason of a hold to put
    foreign: Release | None = None  # the release of somebody else that the hold names
    values: dict[str, Any] = field(default_factory=dict)


def end(context: Context, claim: queue.Claim, ending: Transition) -> None:
    """Write the transition and all that follows from it in one transaction. Raises LeaseLost."""
    with context.database.begin() as conn:
        target = apps.lock(conn, [claim.row.target_id])[claim.row.target_id]
        waiting_promotions.lock_around(conn, target.id)
        row = promotions.move(
            conn, claim, ending.status, ending.reason, due_at=ending.due_at, **_values(ending)
        )
        if ending.post is not None and ending.outcome is not None:
            release_requests.settle(
                conn,
                ending.post.id,
                ending.outcome,
                release_id=ending.release_id,
                release_version=ending.version,
            )
        if ending.is_running and ending.version is not None:
            _now_runs(conn, target, LastKnown(ending.version, ending.artifact or row.artifact))
        if ending.hold is not None:
            holds.put(
                conn,
                target.id,
                reason=ending.hold,
                by="autopromote",
                kind="guard",
                foreign=ending.foreign,
            )
        if claim.status in ACTIVE and row.status not in ACTIVE:
            _make_way(conn, row)
        notify.of_end(conn, row)
    log.info("promotion", id=row.id, status=row.status, target=target.name, reason=row.reason)


def _values(ending: Transition) -> dict[str, Any]:
    values = dict(ending.values)
    if ending.release_id is not None and not ending.is_way_back:
        values |= {"target_release_id": ending.release_id, "target_version": ending.version}
    return values


def _now_runs(conn: Connection, target: apps.AppRow, known: LastKnown) -> None:
    if target.known is None or known.version > target.known.version:
        later = releases.near(conn, target.id, Around(known.version))
        own_releases.record_ours(conn, target, known, later)


def _make_way(conn: Connection, row: PromotionRow) -> None:
    """Wake what waited for the target, and in a chain what waits for the target as a source."""
    waiting_promotions.reschedule_target(conn, row.target_id, but=row.id)
    if row.status in ENDED and rules.of_source(conn, row.target_id):
        waiting_promotions.reschedule_source(conn, row.target_id)
        apps.ask_look(conn, row.target_id, must_read=True)
