"""Recover a post in doubt: look for its release, adopt it, or resend once, never blindly."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from listener import heroku as platform
from listener.core.promotion import (
    MOST_POSTS,
    UNREADABLE_FOR,
    PromotionKind,
    Status,
    back_off,
    next_look,
)
from listener.db import promotions, queue, release_requests
from listener.db.promotions import PromotionRow
from listener.db.release_requests import PostRow
from listener.inventory import drift
from listener.inventory.context import Clock, Context, renew_lease
from listener.inventory.own_releases import made_by
from listener.inventory.reader import Snapshot, StaleData
from listener.worker import auto_rollback, create_release, evaluate, finish, not_found, outcomes
from listener.worker.candidates import CandidateFacts, gather
from listener.worker.finish import Transition

# A second sending would make a release of another user than the first.
ANOTHER_USER = "The listener has another Heroku user by now."


def step(context: Context, claim: queue.Claim, clock: Clock) -> None:
    """Search the target's releases for the one that our post may have made."""
    row = promotions.row_of(claim.row)
    with context.database.begin() as conn:
        post = release_requests.latest(conn, row.id)
    begun = clock.now()
    try:
        reading = context.reader.releases(row.target_id)
        found = made_by(context, post, reading)
    except platform.HerokuError as error:
        _unreadable(context, claim, row, post, error, clock)
        return
    if found:
        outcomes.adopt(context, claim, row, post, found, clock)
        return
    drift.record_target(context, reading)
    look_at = next_look(post.sent_at, begun)  # a look counts from its beginning
    if look_at is not None:
        reason = "No release of ours on the target yet; looking again."
        with context.database.begin() as conn:
            promotions.move(conn, claim, Status(row.status), reason, due_at=look_at)
        return
    _after_last_look(context, claim, row, post, clock)


def _unreadable(
    context: Context,
    claim: queue.Claim,
    row: PromotionRow,
    post: PostRow,
    error: Exception,
    clock: Clock,
    *,
    gone_since: datetime | None = None,
) -> None:
    waited = clock.now() - post.sent_at
    reason = f"Whether Heroku made the release is unknown; its list cannot be read: {error}"
    if waited >= UNREADABLE_FOR:
        ending = Transition(status=row.status, reason=reason, post=post, outcome="unknown")
        finish.end(context, claim, outcomes.errored_with_hold(ending, reason))
        return
    due_at = clock.now() + back_off(int(waited.total_seconds() // 10).bit_length())
    with context.database.begin() as conn:
        promotions.move(
            conn, claim, Status(row.status), reason, due_at=due_at, gone_since=gone_since
        )


def _after_last_look(
    context: Context, claim: queue.Claim, row: PromotionRow, post: PostRow, clock: Clock
) -> None:
    if post.sends >= MOST_POSTS:
        reason = f"Asked Heroku {post.sends} times for the release and found no trace of it."
        ending = Transition(status=row.status, reason=reason, post=post, outcome="no_trace")
        finish.end(context, claim, outcomes.errored_with_hold(ending, reason))
        return
    if outcomes.is_way_back(row, post):
        _back_again(context, claim, row, post, clock)
        return
    try:
        renew_lease(context, claim)
        gathered = gather(context, claim, row, post)
        found = made_by(context, post, gathered.target)
    except platform.HerokuError as error:
        _ungathered(context, claim, row, post, error, clock)
        return
    if found:
        outcomes.adopt(context, claim, row, post, found, clock)
        return
    gathered, objection = _objection(context, row, post, gathered, clock)
    if objection is not None:
        _back(context, claim, row, post, objection, clock)
    else:
        _send_again(context, claim, row, post, gathered, clock)


def _back_again(
    context: Context, claim: queue.Claim, row: PromotionRow, post: PostRow, clock: Clock
) -> None:
    """Send our automatic rollback again while our release still runs; no gate is asked."""
    try:
        renew_lease(context, claim)
        account_id = context.reader.account_id() if post.account_id is not None else None
        reading = context.reader.releases(row.target_id)
        found = made_by(context, post, reading)
    except platform.HerokuError as error:
        _ungathered(context, claim, row, post, error, clock)
        return
    if found:
        outcomes.adopt(context, claim, row, post, found, clock)
    elif post.account_id not in (None, account_id):
        _back(context, claim, row, post, f"Not rolled back: {ANOTHER_USER}", clock)
    else:
        _send_back_again(context, claim, row, post, reading, clock)


def _send_back_again(
    context: Context,
    claim: queue.Claim,
    row: PromotionRow,
    post: PostRow,
    reading: Snapshot,
    clock: Clock,
) -> None:
    try:
        auto_rollback.send_again(context, claim, row, post, reading, clock)
    except StaleData as stale:
        _unreadable(context, claim, row, post, stale, clock)
    except create_release.PreconditionChanged as why:
        _back(context, claim, row, post, f"Not rolled back: {why}", clock)
        drift.record_target(context, reading)


def _ungathered(
    context: Context,
    claim: queue.Claim,
    row: PromotionRow,
    post: PostRow,
    error: Exception,
    clock: Clock,
) -> None:
    if not_found.is_certain(row, error, clock.now()):
        _back(context, claim, row, post, f"Heroku: {error}", clock)
    else:
        _unreadable(
            context,
            claim,
            row,
            post,
            error,
            clock,
            gone_since=not_found.since(row, error, clock.now()),
        )


def _send_again(
    context: Context,
    claim: queue.Claim,
    row: PromotionRow,
    post: PostRow,
    gathered: CandidateFacts,
    clock: Clock,
) -> None:
    try:
        create_release.send_again(context, claim, row, gathered, post, clock)
    except StaleData as stale:
        _unreadable(context, claim, row, post, stale, clock)
    except create_release.PreconditionChanged as overtaken:
        _back(context, claim, row, post, str(overtaken), clock)


def _objection(
    context: Context, row: PromotionRow, post: PostRow, gathered: CandidateFacts, clock: Clock
) -> tuple[CandidateFacts, str | None]:
    """Return the facts used, and what speaks against a second sending, if anything."""
    if post.account_id != gathered.account_id:
        return gathered, ANOTHER_USER
    if row.kind is PromotionKind.PROMOTE:
        _, gathered, evaluation = evaluate.evaluate_all(context, row, gathered, clock)
        objection = evaluation.objection
        return gathered, objection.message if objection is not None else None
    current = gathered.target.history.current
    is_same = current is not None and current.artifact == post.base_artifact
    return gathered, None if is_same else "The target runs something else by now."


def _back(
    context: Context, claim: queue.Claim, row: PromotionRow, post: PostRow, why: str, clock: Clock
) -> None:
    """Let a promotion without a release wait again; fail a rollback, so it undoes nobody's work."""
    reason = f"Heroku made no release of the first post. {why}"
    ending = Transition(
        status=Status.WAITING, reason=reason, due_at=clock.now(), post=post, outcome="no_trace"
    )
    if post.kind == PromotionKind.ROLLBACK:
        ending = replace(ending, status=Status.FAILED, due_at=None, hold=reason)
    finish.end(context, claim, ending)
