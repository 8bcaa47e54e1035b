"""Roll back our own promotion if production is not well after it: once, or not at all."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from listener import heroku as platform
from listener.core.auto_rollback import NoRollback, NotYet, OwnPromotion, RollbackAllowed, way_back
from listener.core.promotion import UNREADABLE_FOR, PromotionKind, Status, back_off
from listener.core.rule import Strategy, is_allowed
from listener.db import apps, promotions, queue, release_requests
from listener.db.promotions import PromotionRow
from listener.db.release_requests import PostRow
from listener.inventory import drift
from listener.inventory.context import Clock, Context
from listener.inventory.reader import Snapshot, StaleData
from listener.worker import create_release, finish, not_found, outcomes
from listener.worker.create_release import PendingRequest, PreconditionChanged
from listener.worker.finish import Transition
from listener.worker.freshness import check_fresh, is_behind


def step(context: Context, claim: queue.Claim, row: PromotionRow, clock: Clock) -> None:
    """Check that our release still runs and nobody released since; then post what ran before."""
    if _tried_for_long(row, clock):
        minutes = int(UNREADABLE_FOR.total_seconds() // 60)
        stay(context, claim, row, f"The request could not be sent for {minutes} minutes.")
        return
    try:
        account_id = _account_id(context, row)
        reading = context.reader.releases(row.target_id)
    except platform.HerokuError as error:
        _unreadable(context, claim, row, error, clock)
        return
    try:
        sending = _commit(context, claim, row, reading, account_id)
    except StaleData as stale:
        _unreadable(context, claim, row, stale, clock)
    except PreconditionChanged as why:
        stay(context, claim, row, str(why))
        drift.record_target(context, reading)
    else:
        create_release.send(context, sending, clock)


def _tried_for_long(row: PromotionRow, clock: Clock) -> bool:
    since = row.status_at if row.status is Status.ROLLING_BACK else None
    return since is not None and clock.now() - since >= UNREADABLE_FOR


def _account_id(context: Context, row: PromotionRow) -> str | None:
    """Return our account if the release can show no nonce, else None. Raises HerokuError."""
    return context.reader.account_id() if outcomes.restores_config(row) else None


def _commit(
    context: Context,
    claim: queue.Claim,
    row: PromotionRow,
    reading: Snapshot,
    account_id: str | None,
) -> PendingRequest:
    current = reading.history.current
    with context.database.begin() as conn:
        back = check(conn, context, row, reading)
        if release_requests.went_back(conn, row.id):
            raise PreconditionChanged("It was rolled back once, which is all.")
        moved = create_release.keep_moving(
            conn,
            claim,
            Status.ROLLING_BACK,
            f"{outcomes.reason_for_rollback(row)}"
            f" Asking Heroku for the slug of v{back.release.version} again.",
            errors_since=None,
        )
        written = release_requests.add(
            conn,
            promotion_id=row.id,
            target_id=row.target_id,
            kind=PromotionKind.ROLLBACK,
            nonce=create_release.new_nonce(),
            artifact=back.release.artifact,
            strategy=Strategy.SLUG if account_id is None else Strategy.PIPELINE,
            account_id=account_id,
            base_version=reading.history.newest_version,
            base_artifact=current.artifact if current is not None else None,
        )
    make = partial(create_release.go_back, context, moved, back.release, written)
    return create_release.sending(claim, moved, written, make)


def check(
    conn: Connection, context: Context, row: PromotionRow, reading: Snapshot
) -> RollbackAllowed:
    """Check under the target's lock that a rollback is allowed now, and return what it restores.

    Raises StaleData, PreconditionChanged.
    """
    target = apps.lock(conn, [row.target_id])[row.target_id]
    check_fresh(conn, reading)
    if is_behind(reading, target):
        raise StaleData(f"{target.name} runs a newer release by now.")
    if not is_allowed(target.name, context.allowed_apps):
        raise PreconditionChanged("AUTOPROMOTE_APPS does not name the app.")
    if target.known is None or target.known.artifact != row.artifact:
        raise PreconditionChanged("It runs something else by now.")
    ours = OwnPromotion(
        row.target_release_id or "", release_requests.accepted(conn, row.id).base_artifact
    )
    match way_back(ours, reading.history):
        case RollbackAllowed() as back:
            return back
        case NotYet(message):
            raise StaleData(message)
        case NoRollback(message):
            raise PreconditionChanged(message)


def send_again(
    context: Context,
    claim: queue.Claim,
    row: PromotionRow,
    post: PostRow,
    reading: Snapshot,
    clock: Clock,
) -> None:
    """Check that our release still runs, and send the rollback a second time.

    Raises StaleData, PreconditionChanged.
    """
    with context.database.begin() as conn:
        back = check(conn, context, row, reading)
        if back.release.artifact != post.artifact:
            raise PreconditionChanged("What ran before is not what was to come back.")
        queue.renew(conn, claim)
        again = release_requests.send_again(conn, post.id)
    make = partial(create_release.go_back, context, row, back.release, again)
    create_release.send(context, create_release.sending(claim, row, again, make), clock)


def stay(context: Context, claim: queue.Claim, row: PromotionRow, why: str) -> None:
    """End the promotion as failed without a rollback, and put a hold on the target."""
    reason = f"{outcomes.reason_for_rollback(row)} Not rolled back: {why}"
    hold = f"Promotion {row.id} is not well and was not rolled back. {reason}"
    finish.end(context, claim, Transition(status=Status.FAILED, reason=reason, hold=hold))


def _unreadable(
    context: Context,
    claim: queue.Claim,
    row: PromotionRow,
    error: platform.HerokuError,
    clock: Clock,
) -> None:
    now = clock.now()
    since = row.errors_since or now
    if not_found.is_certain(row, error, now):
        stay(context, claim, row, f"Heroku: {error}")
    elif now - since < UNREADABLE_FOR:
        tries = int((now - since) / timedelta(seconds=5)).bit_length()
        reason = f"{outcomes.reason_for_rollback(row)} Heroku could not be read: {error}"
        with context.database.begin() as conn:
            promotions.move(
                conn,
                claim,
                row.status,
                reason,
                due_at=now + back_off(tries),
                errors_since=since,
                gone_since=not_found.since(row, error, now),
            )
    else:
        minutes = int(UNREADABLE_FOR.total_seconds() // 60)
        stay(context, claim, row, f"Heroku could not be read for {minutes} minutes: {error}")
