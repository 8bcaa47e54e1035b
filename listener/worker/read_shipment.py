"""The step that reads what ships with a promotion: work of its own, which delays no promotion."""

from __future__ import annotations

from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection

from listener.core.gates.base import SLUG
from listener.core.promotion import ENDED
from listener.db import apps, promotions, queue, shipments, waiting_promotions
from listener.db.promotions import PromotionRow
from listener.github import GitHubError
from listener.heroku import HerokuError
from listener.inventory import evidence
from listener.inventory.commits import Untold
from listener.inventory.context import Clock, Context
from listener.outbound.http import within
from listener.worker import shipments_alike
from listener.worker.shipment_findings import Ends, Finding, failed, found, untold, waits_for_it

log = structlog.get_logger()

READ_WITHIN = 20.0  # seconds, all calls together: so much less than a lease


def step(context: Context, claim: queue.Claim, clock: Clock) -> None:
    """Read what ships with one promotion, store it, and wake the promotion if it waits for that.

    What is the same for others, or is known by that, is stored for them as well.
    """
    with context.database.begin() as conn:
        ends = _ends(conn, claim.key)
    known: dict[str, Any] = {"base_artifact": ends.base_artifact}
    error: HerokuError | GitHubError | None = None
    try:
        with within(READ_WITHIN):
            known |= {"head": _head(context, ends), "base": _base(context, ends)}
            finding = found(ends, known, partial(context.commits.told, ends.row.source_id))
    except Untold as why:
        finding = untold(why, known, claim.row.failing_since, clock.now())
    except (HerokuError, GitHubError) as failure:
        error = failure
        finding = failed(error, known, claim.row, claim.attempt, clock.now())
    _store(context, claim, finding)
    try:
        shipments_alike.settle(context, ends, clock, error)
    except Exception:  # each of the others has a step of its own, and this one has ended well
        log.exception("shipments_alike_broken", key=claim.key)


def _ends(conn: Connection, promotion_id: int) -> Ends:
    row = promotions.get(conn, promotion_id)
    both = {row.source_id, row.target_id}
    base_artifact = shipments.base_artifact(conn, row)
    wanted = {each for each in (row.artifact, base_artifact) if each}
    commits = shipments.commits_of(conn, both, wanted)
    repo = evidence.repo_of(conn, row)
    return Ends(row, apps.names(conn, both), base_artifact, commits, repo)


def _head(context: Context, ends: Ends) -> str | None:
    row = ends.row
    if ends.head is not None or row.artifact_type != SLUG:
        return ends.head
    return context.commits.commit(row.source_id, row.artifact)


def _base(context: Context, ends: Ends) -> str | None:
    artifact = ends.base_artifact
    if artifact is None or ends.replaces_itself:
        return None
    if ends.base is not None or ends.row.artifact_type != SLUG:
        return ends.base
    return context.commits.commit(ends.row.target_id, artifact)


def _store(context: Context, claim: queue.Claim, finding: Finding) -> None:
    with context.database.begin() as conn:
        # First: whoever locks both takes the promotion first.
        row = _wake(conn, claim.key) if finding.wakes else None
        is_over = finding.while_unfinished and row is not None and row.status in ENDED
        if finding.pause is None or is_over:
            shipments.settle(conn, claim, **{**finding.values, "failing_since": None})
        else:
            shipments.again(conn, claim, finding.pause, **finding.values)


def _wake(conn: Connection, promotion_id: int) -> PromotionRow:
    """Wake the promotion if a gate of it waits for what was read, or nobody told it.

    Whoever decides on it locks it, too, before asking for another reading: so neither misses it.
    """
    row = waiting_promotions.lock(conn, promotion_id)
    if waits_for_it(row):
        waiting_promotions.wake(conn, promotion_id)
    return row
