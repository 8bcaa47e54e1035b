"""Choose the step of a claimed row, limit its attempts, and pause it after a broken step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import and_, not_, or_

from listener.core.promotion import MOST_ATTEMPTS, Status, back_off
from listener.db import outbox, queue, repositories, retention, sync, troubles
from listener.db.engine import Database
from listener.db.tables import promotion
from listener.inventory.context import Clock, Context
from listener.worker import auto_rollback, evaluate, follow, recover, verify, watch
from listener.worker.finish import Transition
from listener.worker.job import Job, NextStep

# Longer than the longest pause between two tries of anything.
UNSEEN_FOR = timedelta(minutes=20)
MOST_FORGOTTEN = 1000  # of a table at once, so that a reconcile stays short

Step = Callable[[Job], None]


def promote(context: Context, claim: queue.Claim, clock: Clock) -> None:
    """Take a promotion one step further."""
    _take(Job(context, claim, clock))


def go_on(context: Context, step: NextStep) -> None:
    """Take the first step of a promotion that a look just made."""
    _take(Job.following(context, step))


def _take(job: Job) -> None:
    if job.claim.attempt > MOST_ATTEMPTS:
        _give_up(job)
    else:
        STEPS[job.row.status](job)


def _give_up(job: Job) -> None:
    reason = f"{MOST_ATTEMPTS} tries ended without a result: see the listener's log."
    if job.row.status is Status.WAITING:
        job.end(Transition(status=Status.ERRORED, reason=reason))
        return
    # A promotion in verification was released, so it ends as failed.
    is_released = job.row.status is Status.VERIFYING
    status = Status.FAILED if is_released else Status.ERRORED
    post, outcome = job.post, "unknown" if job.post.outcome is None else None
    job.end(Transition(status=status, reason=reason, hold=reason, post=post, outcome=outcome))


def _roll_back(job: Job) -> None:
    """Take a rollback one step further: send it again, recover its post, or watch its release.

    All three have the same status.
    """
    if job.post.outcome == "not_sent" and job.is_way_back:
        auto_rollback.step(job)
    else:
        (watch if job.post.outcome == "accepted" else recover).step(job)


def _watch(job: Job) -> None:
    """Watch the release, or follow a pipeline promotion until Heroku names its release."""
    (watch if job.row.target_release_id is not None else follow).step(job)


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

    Also end unseen troubles, and delete old records, for databases are small.
    """
    database = context.database.uncached()
    with database.begin() as conn:
        sync.ask(conn)
        sync.reconcile(conn, claim, context.reconcile_every)
        troubles.fade(conn, max(UNSEEN_FOR, 3 * context.reconcile_every))
    _prune(context, database)


def _prune(context: Context, database: Database) -> None:
    """Delete old records, a table at a time, so that no lock is held for long."""
    wanted = [(retention.BODIES, retention.BODY_FOR)]
    wanted += [(each, context.records_for) for each in retention.RECORDS]
    if context.audit_for is not None:
        wanted.append((retention.AUDIT, context.audit_for))
    for each, older_than in wanted:
        with database.begin() as conn:
            retention.prune(conn, each, older_than=older_than, most=MOST_FORGOTTEN)
    with database.begin() as conn:
        repositories.forget_refusals(conn, most=MOST_FORGOTTEN)
        outbox.forget_receivers(conn)


def pause_after(claim: queue.Claim) -> timedelta:
    """Return how long a row rests after its step broke unexpectedly."""
    return back_off(claim.attempt - 1)
