"""Create a release: commit the post first, send it at once or not at all, never resend blindly."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, Protocol, cast

from sqlalchemy import Connection, func, literal, null
from sqlalchemy.exc import IntegrityError

from listener import heroku as platform
from listener.core.drift import nonce_of
from listener.core.gates.always import hold
from listener.core.gates.base import Pass, Reads, evaluate
from listener.core.gates.registry import asked_again
from listener.core.promotion import (
    BLOCKED_STEP,
    RATE_LIMIT_WAIT,
    SEND_WITHIN,
    PromotionKind,
    Status,
    description_of,
)
from listener.core.release import Release
from listener.core.rule import Mode, Strategy
from listener.core.verification import plan
from listener.db import apps, holds, promotions, queue, related_promotions, release_requests, rules
from listener.db.promotions import PromotionRow
from listener.db.release_requests import PostRow
from listener.inventory.context import Clock, Context
from listener.inventory.reader import StaleData, as_release
from listener.worker import finish, follow, outcomes
from listener.worker.candidates import CandidateFacts
from listener.worker.finish import Transition
from listener.worker.freshness import check_fresh, is_behind

NOT_SENT_PAUSE = timedelta(seconds=5)
OVERTAKEN_PAUSE = timedelta(seconds=1)


class Make(Protocol):
    """Asks Heroku for the release of a post."""

    def __call__(self, *, send_by: float) -> Made:
        """Send the request before this moment, or never. Raises HerokuError."""


class PreconditionChanged(Exception):
    """Something changed between decision and post: the promotion must be decided again."""


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """A post that this claim committed, and the moment by which it must leave."""

    claim: queue.Claim
    row: PromotionRow
    post: PostRow
    make: Make  # asks Heroku for the release
    send_by: float  # by this process's monotonic clock


def post(
    context: Context,
    claim: queue.Claim,
    row: PromotionRow,
    gathered: CandidateFacts,
    clock: Clock,
    seen: dict[str, Any],
) -> None:
    """Commit the post, send it, store Heroku's answer. Raises StaleData, before the commit."""
    try:
        sending = _commit(context, claim, row, gathered, clock, seen)
    except PreconditionChanged as why:
        _decide_anew(context, claim, str(why), clock, OVERTAKEN_PAUSE)
    except IntegrityError:
        # From the unique index on active promotions of a target: another one is active.
        why_not = "Another promotion is at work on the target."
        _decide_anew(context, claim, why_not, clock, BLOCKED_STEP)
    else:
        send(context, sending, clock)


def _decide_anew(
    context: Context, claim: queue.Claim, why: str, clock: Clock, pause: timedelta
) -> None:
    with context.database.begin() as conn:
        promotions.move(conn, claim, Status.WAITING, why, due_at=clock.now() + pause)


def sending_status(kind: PromotionKind) -> Status:
    """Return the status in which this kind of promotion sends."""
    return Status.ROLLING_BACK if kind is PromotionKind.ROLLBACK else Status.POSTING


def _commit(
    context: Context,
    claim: queue.Claim,
    row: PromotionRow,
    gathered: CandidateFacts,
    clock: Clock,
    seen: dict[str, Any],
) -> PendingRequest:
    status, current = sending_status(row.kind), gathered.target.history.current
    with context.database.begin() as conn:
        check(conn, row, gathered, clock)
        planned = plan(gathered.candidate.conditions)
        moved = keep_moving(
            conn,
            claim,
            status,
            "Asking Heroku for the release.",
            evaluated_at=clock.now(),
            verification=planned.as_json() if planned is not None else null(),
            **seen,
        )
        if gathered.makes_older_give_way:
            promotions.supersede_older(conn, row, reason=gathered.why_older_give_way)
        written = release_requests.add(
            conn,
            promotion_id=row.id,
            target_id=row.target_id,
            kind=row.kind,
            nonce=new_nonce(),
            artifact=row.artifact,
            strategy=gathered.candidate.strategy,
            account_id=gathered.account_id,
            base_version=gathered.target.history.newest_version,
            base_artifact=current.artifact if current is not None else None,
        )
    make = partial(make_request, context, moved, gathered, written)
    return sending(claim, moved, written, make)


def keep_moving(
    conn: Connection, claim: queue.Claim, status: Status, reason: str, **values: Any
) -> PromotionRow:
    """Move to the status in which a post is sent, and keep the lease. Raises LeaseLost."""
    promotions.lock_around(conn, claim.row.target_id)
    queue.renew(conn, claim)
    return promotions.move(
        conn,
        claim,
        status,
        reason,
        lease_owner=claim.row.lease_owner,
        lease_until=func.clock_timestamp() + literal(queue.LEASE),
        due_at=func.clock_timestamp(),
        **values,
    )


def new_nonce() -> str:
    """Generate the nonce that tells a release of ours from all others."""
    return secrets.token_hex(4)


def sending(claim: queue.Claim, row: PromotionRow, post: PostRow, make: Make) -> PendingRequest:
    """Build the request for a post that was just committed, to be sent at once."""
    return PendingRequest(replace(claim, status=row.status), row, post, make, _deadline())


def _deadline() -> float:
    return time.monotonic() + SEND_WITHIN.total_seconds()


def check(conn: Connection, row: PromotionRow, gathered: CandidateFacts, clock: Clock) -> None:
    """Check under the target's lock that the database still says what was decided on.

    Raises StaleData, PreconditionChanged.
    """
    target = apps.lock(conn, [row.target_id])[row.target_id]
    check_fresh(conn, gathered.source, gathered.target)
    if is_behind(gathered.target, target):
        raise StaleData(f"{target.name} runs a newer release by now.")
    if row.kind is PromotionKind.ROLLBACK:
        return
    now = clock.now()
    again = evaluate(gathered.candidate, now, asked_again(gathered.candidate))
    if again.objection is not None:
        if again.reads is Reads.DATABASE:  # its time is over: a window has closed, say
            raise PreconditionChanged(again.objection.message)
        raise StaleData("What the checks answered got old meanwhile.")
    standing = tuple(hold.value for hold in holds.open_(conn, row.target_id))
    if not isinstance(hold(replace(gathered.candidate, holds=standing), now), Pass):
        raise PreconditionChanged("A hold was put.")
    if row.rule_id is not None:
        _check_rule(conn, row, row.rule_id, gathered)


def _check_rule(
    conn: Connection, row: PromotionRow, rule_id: int, gathered: CandidateFacts
) -> None:
    rule = rules.get(conn, rule_id)
    if not rule.is_live or rule.mode is not Mode.ARMED:
        raise PreconditionChanged("The rule is no longer armed.")
    if rule.revision != gathered.revision or row.target_id not in rule.target_ids:
        raise PreconditionChanged("The rule changed.")
    newer = related_promotions.newer_version(conn, row)
    if newer is not None and gathered.makes_older_give_way:
        raise PreconditionChanged(f"v{newer} is newer.")


def send_again(
    context: Context,
    claim: queue.Claim,
    row: PromotionRow,
    gathered: CandidateFacts,
    post: PostRow,
    clock: Clock,
) -> None:
    """Send a post without any trace a second time, under the same nonce.

    Raises StaleData, PreconditionChanged, LeaseLost.
    """
    with context.database.begin() as conn:
        check(conn, row, gathered, clock)
        queue.renew(conn, claim)
        again = release_requests.send_again(conn, post.id)
    make = partial(make_request, context, row, gathered, again)
    send(context, sending(claim, row, again, make), clock)


def send(context: Context, sending: PendingRequest, clock: Clock) -> None:
    """Send a committed post once, and store Heroku's answer."""
    post, claim, row = sending.post, sending.claim, sending.row
    try:
        made = sending.make(send_by=sending.send_by)
    except platform.RateLimited:
        _not_sent(context, sending, "Heroku's rate limit is reached.", clock, RATE_LIMIT_WAIT)
    except platform.NotSent as why:
        _not_sent(context, sending, f"Not sent: {why}", clock, NOT_SENT_PAUSE)
    except platform.Refused as refusal:
        forget_way(context, row, post)
        finish.end(context, claim, outcomes.refused(refusal, row, post))
    except platform.Doubtful as doubt:
        _in_doubt(context, claim, post, str(doubt), clock)
    else:
        _accept(context, claim, row, post, made, clock)


def _accept(
    context: Context,
    claim: queue.Claim,
    row: PromotionRow,
    post: PostRow,
    made: Made,
    clock: Clock,
) -> None:
    if isinstance(made, platform.PipelinePromotion):
        follow.begin(context, claim, post, made, clock)
        return
    outcomes.accept(context, claim, row, post, as_release(made), clock)
    if post.strategy is Strategy.SLUG:
        _note_echo(context, post, made)


def _note_echo(context: Context, post: PostRow, release: platform.Release) -> None:
    """Store whether Heroku shows our description: after a doubt we recognise our release by it."""
    with context.database.begin() as conn:
        if nonce_of(release.description) == post.nonce:
            apps.put_fact(conn, apps.ECHOES, True)
        elif apps.get_fact(conn, apps.ECHOES) is None:
            apps.put_fact(conn, apps.ECHOES, False)


def _not_sent(
    context: Context, sending: PendingRequest, why: str, clock: Clock, pause: timedelta
) -> None:
    claim, post = sending.claim, sending.post
    if post.sends > 1:
        # The outcome of the first sending is still unknown: look for it, then send again.
        reason = f"{why} Still looking for the release of the first post."
        with context.database.begin() as conn:
            promotions.move(conn, claim, Status(claim.status or ""), reason, due_at=clock.now())
            release_requests.mark_unsent(conn, post.id)
        return
    due_at = clock.now() + pause
    # A promotion that is to be undone must not wait to be promoted: it tries the rollback again.
    is_way_back = outcomes.is_way_back(sending.row, post)
    status = Status.ROLLING_BACK if is_way_back else Status.WAITING
    ending = Transition(status=status, reason=why, due_at=due_at, post=post, outcome="not_sent")
    finish.end(context, claim, ending)


def _in_doubt(context: Context, claim: queue.Claim, post: PostRow, why: str, clock: Clock) -> None:
    reason = f"Heroku's answer is missing ({why}); looking for the release on the target."
    with context.database.begin() as conn:
        promotions.move(conn, claim, Status(claim.status or ""), reason, due_at=clock.now())
        release_requests.mark_unknown(conn, post.id)


Made = platform.Release | platform.PipelinePromotion


def make_request(
    context: Context, row: PromotionRow, gathered: CandidateFacts, post: PostRow, *, send_by: float
) -> Made:
    """Ask Heroku for the release; name exactly what is to run. Raises HerokuError."""
    heroku, target_id = context.heroku, row.target_id
    if post.strategy is Strategy.SLUG:
        source = gathered.candidate.source.name
        words = description_of(source, row.version, post.nonce, kind=row.kind)
        return heroku.create_release(
            target_id, slug=post.artifact, description=words, send_by=send_by
        )
    if row.kind is PromotionKind.ROLLBACK:
        return heroku.rollback_release(target_id, release=row.release_id, send_by=send_by)
    pipeline, _ = gathered.candidate.pipelines
    return heroku.create_pipeline_promotion(
        pipeline=cast(str, pipeline),  # the match gate passes nothing without one
        source=row.source_id,
        release=row.release_id,
        target=target_id,
        send_by=send_by,
    )


def go_back(
    context: Context, row: PromotionRow, release: Release, post: PostRow, *, send_by: float
) -> Made:
    """Ask Heroku for what an earlier release of the target ran. Raises HerokuError."""
    if post.strategy is Strategy.SLUG:
        kind = PromotionKind.ROLLBACK
        words = description_of("", release.version, post.nonce, kind=kind)
        return context.heroku.create_release(
            row.target_id, slug=post.artifact, description=words, send_by=send_by
        )
    return context.heroku.rollback_release(row.target_id, release=release.id, send_by=send_by)


def forget_way(context: Context, row: PromotionRow, post: PostRow) -> None:
    """Forget the apps' pipelines after a refusal: an app may have left its pipeline."""
    if post.strategy is Strategy.PIPELINE:
        with context.database.begin() as conn:
            both = row.source_id, row.target_id
            apps.lock(conn, both)
            apps.forget_pipelines(conn, both)
