"""Roll back our own promotion if production is not well after it: once, or not at all."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection

from listener.core.auto_rollback import NoRollback, NotYet, OwnPromotion, RollbackAllowed, way_back
from listener.core.promotion import UNREADABLE_FOR, PromotionKind, Status
from listener.core.rule import Strategy, is_allowed
from listener.db import apps, queue, release_requests, releases, waiting_promotions
from listener.heroku import HerokuError
from listener.inventory import drift
from listener.inventory.reader import Snapshot, StaleData
from listener.worker import create_release, outcomes
from listener.worker.create_release import PendingRequest, PreconditionChanged
from listener.worker.finish import Transition
from listener.worker.freshness import check_fresh, check_reach, is_behind
from listener.worker.job import UNSENT_STEP, Job, pause

MINUTES = int(UNREADABLE_FOR.total_seconds() // 60)


def step(job: Job) -> None:
    """Check that our release still runs and nobody released since; then post what ran before."""
    if job.row.status is Status.ROLLING_BACK and job.in_status_for() >= UNREADABLE_FOR:
        not_rolled_back(job, f"The request could not be sent for {MINUTES} minutes.")
        return
    try:
        # Our account is needed only where the release can show no nonce.
        by_account = outcomes.restores_config(job.row)
        account_id = job.context.reader.account_id() if by_account else None
        reading = read(job)
    except HerokuError as error:
        _unreadable(job, error)
        return
    try:
        request = _commit(job, reading, account_id)
    except StaleData as stale:
        _unreadable(job, stale)
    except PreconditionChanged as why:
        not_rolled_back(job, str(why))
        drift.record_target(job.context, reading)
    else:
        create_release.send(request)


def read(job: Job) -> Snapshot:
    """Read the target's releases now, back to what would run again. Raises HerokuError."""
    row = job.row
    if row.target_version is None:
        return job.read_target()
    with job.context.database.begin() as conn:
        before = releases.ran_before(conn, row.target_id, row.target_version)
    return job.read_target(before.version if before is not None else None)


def _commit(job: Job, reading: Snapshot, account_id: str | None) -> PendingRequest:
    row = job.row
    with job.context.database.begin() as conn:
        back = check(conn, job, reading)
        if release_requests.went_back(conn, row.id):
            raise PreconditionChanged("It was rolled back once, which is all.")
        waiting_promotions.lock_around(conn, row.target_id)
        moved = create_release.keep_moving(
            conn,
            job.claim,
            Status.ROLLING_BACK,
            f"{outcomes.reason_for_rollback(row)}"
            f" Asking Heroku for the slug of v{back.release.version} again.",
            errors_since=None,
        )
        written = create_release.add_post(
            conn,
            row,
            reading.history,
            kind=PromotionKind.ROLLBACK,
            artifact=back.release.artifact,
            strategy=Strategy.SLUG if account_id is None else Strategy.PIPELINE,
            account_id=account_id,
        )
    return _pending(job.with_post(moved, written), back)


def _pending(job: Job, back: RollbackAllowed) -> PendingRequest:
    return create_release.pending(job, partial(create_release.go_back, job, back.release))


def check(conn: Connection, job: Job, reading: Snapshot) -> RollbackAllowed:
    """Check under the target's lock that a rollback is allowed now, and return what it restores.

    Raises StaleData, PreconditionChanged.
    """
    row = job.row
    target = apps.lock(conn, [row.target_id])[row.target_id]
    check_fresh(conn, reading)
    if is_behind(reading, target):
        raise StaleData(f"{target.name} runs a newer release by now.")
    if not is_allowed(target.name, job.context.allowed_apps):
        raise PreconditionChanged("AUTOPROMOTE_APPS does not name the app.")
    if target.known is None or target.known.artifact != row.artifact:
        raise PreconditionChanged("It runs something else by now.")
    ours = OwnPromotion(
        row.target_release_id or "", release_requests.accepted(conn, row.id).base_artifact
    )
    match way_back(ours, reading.history):
        case RollbackAllowed() as back:
            check_reach(reading, back.release.version, target.name)
            return back
        case NotYet(message):
            raise StaleData(message)
        case NoRollback(message):
            raise PreconditionChanged(message)


def send_again(job: Job, reading: Snapshot) -> None:
    """Check that our release still runs, and send the rollback a second time.

    Raises StaleData, PreconditionChanged, LeaseLost.
    """
    with job.context.database.begin() as conn:
        back = check(conn, job, reading)
        if back.release.artifact != job.post.artifact:
            raise PreconditionChanged("What ran before is not what was to come back.")
        queue.renew(conn, job.claim)
        again = release_requests.send_again(conn, job.post.id)
    create_release.send(_pending(job.with_post(job.row, again), back))


def not_rolled_back(job: Job, why: str) -> None:
    """End the promotion as failed without a rollback, and put a hold on the target."""
    reason = f"{outcomes.reason_for_rollback(job.row)} Not rolled back: {why}"
    hold = f"Promotion {job.row.id} is not well and was not rolled back. {reason}"
    job.end(Transition(status=Status.FAILED, reason=reason, hold=hold))


def _unreadable(job: Job, error: HerokuError) -> None:
    now = job.now()
    since = job.row.errors_since or now
    if job.is_gone(error):
        not_rolled_back(job, f"Heroku: {error}")
    elif now - since >= UNREADABLE_FOR:
        not_rolled_back(job, f"Heroku could not be read for {MINUTES} minutes: {error}")
    else:
        reason = f"{outcomes.reason_for_rollback(job.row)} Heroku could not be read: {error}"
        due_at, gone_since = now + pause(now - since, UNSENT_STEP), job.gone_since(error)
        job.again(reason, due_at, errors_since=since, gone_since=gone_since)
