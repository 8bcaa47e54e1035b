"""Choose the step of a claimed row, limit its attempts, and pause it after a broken step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import and_, not_, or_

from listener.core.promotion import MOST_ATTEMPTS, Status, back_off
from listener.db import deliveries, promotions, queue, release_requests, sync, troubles
from listener.db.tables import promotion
from listener.inventory.context import Clock, Context
from listener.worker import (
    auto_rollback,
    evaluate,
    finish,
    follow,
    outcomes,
    recover,
    verify,
    watch,
)
from listener.worker.finish import Transition

# Far longer than the 72 h for which Heroku repeats one, and than anybody asks about it.
DELIVERIES_FOR = timedelta(days=90)
# Longer than the longest pause between two tries of anything.
UNSEEN_FOR = timedelta(minutes=20)
MOST_FORGOTTEN = 1000  # at once, so that a reconcile stays short

Step = Callable[[Context, queue.Claim, Clock], None]


def promote(context: Context, claim: queue.Claim, clock: Clock) -> None:
    """Take a promotion one step further."""
    if claim.attempt > MOST_ATTEMPTS:
        _give_up(context, claim)
        return
    STEPS[Status(claim.row.status)](context, claim, clock)


def _give_up(context: Context, claim: queue.Claim) -> None:
    reason = f"{MOST_ATTEMPTS} tries ended without a result: see the listener's log."
    # A promotion in verification was released, so it ends as failed.
    is_released = claim.status == Status.VERIFYING
    status = Status.FAILED if is_released else Status.ERRORED
    ending = Transition(status=status, reason=reason)
    if claim.status != Status.WAITING:
        with context.database.begin() as conn:
            post = release_requests.latest(conn, claim.key)
        outcome = "unknown" if post.outcome is None else None
        ending = replace(ending, hold=reason, post=post, outcome=outcome)
    finish.end(context, claim, ending)


def _roll_back(context: Context, claim: queue.Claim, clock: Clock) -> None:
    """Take a rollback one step further: send it again, recover its post, or watch its release.

    All three have the same status.
    """
    row = promotions.row_of(claim.row)
    with context.database.begin() as conn:
        post = release_requests.latest(conn, claim.key)
    if post.outcome == "not_sent" and outcomes.is_way_back(row, post):
        auto_rollback.step(context, claim, row, clock)
        return
    (watch if post.outcome == "accepted" else recover).step(context, claim, clock)


def _watch(context: Context, claim: queue.Claim, clock: Clock) -> None:
    """Watch the release, or follow a pipeline promotion until Heroku names its release."""
    is_named = claim.row.target_release_id is not None
    (watch if is_named else follow).step(context, claim, clock)


STEPS: dict[Status, Step] = {
    Status.WAITING: evaluate.step,
    Status.POSTING: recover.step,
    Status.RELEASING: _watch,
    Status.VERIFYING: verify.step,
    Status.ROLLING_BACK: _roll_back,
}
# During a deploy, code of another version runs beside this one and may know more statuses.
_KNOWN = promotion.c.status.in_(list(STEPS))
# What waits for answers of URLs other than Heroku's, each of which may be slow.
_ASKS = or_(
    promotion.c.status == Status.VERIFYING,
    and_(promotion.c.status == Status.WAITING, promotion.c.checked.is_not(None)),
)
PROMOTIONS = queue.WorkKind(promotion, promotion.c.due_at, and_(_KNOWN, not_(_ASKS)))
PROBED = queue.WorkKind(promotion, promotion.c.due_at, and_(_KNOWN, _ASKS))


def reconcile(context: Context, claim: queue.Claim, clock: Clock) -> None:
    """Make every source, target and webhook of ours due for a look, whatever webhooks said.

    Also delete old settled deliveries, for databases are small, and end unseen troubles.
    """
    with context.database.begin() as conn:
        sync.ask(conn)
        sync.reconcile(conn, claim, context.reconcile_every)
        deliveries.forget(conn, older_than=DELIVERIES_FOR, most=MOST_FORGOTTEN)
        troubles.fade(conn, max(UNSEEN_FOR, 3 * context.reconcile_every))


def pause_after(claim: queue.Claim) -> timedelta:
    """Return how long a row rests after its step broke unexpectedly."""
    return back_off(claim.attempt - 1)
