"""Create a release: commit the post first, send it at once or not at all, never resend blindly."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol, cast

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from listener import heroku as platform
from listener.core.drift import nonce_of
from listener.core.gates.always import hold
from listener.core.gates.base import Candidate, Pass, Reads, evaluate
from listener.core.gates.commits import block
from listener.core.gates.registry import asked_again
from listener.core.promotion import (
    BLOCKED_STEP,
    RATE_LIMIT_WAIT,
    SEND_WITHIN,
    PromotionKind,
    Status,
    description_of,
)
from listener.core.release import History, Release
from listener.core.rule import Mode, Strategy
from listener.core.verification import plan
from listener.db import (
    apps,
    commit_blocks,
    holds,
    promotions,
    queue,
    related_promotions,
    release_requests,
    rules,
    waiting_promotions,
)
from listener.db.promotions import PromotionRow
from listener.db.release_requests import PostRow
from listener.inventory import evidence
from listener.inventory.reader import StaleData, as_release
from listener.worker import follow, outcomes
from listener.worker.candidates import CandidateFacts
from listener.worker.finish import Transition
from listener.worker.freshness import check_fresh, check_reach, is_behind
from listener.worker.job import Job

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

    job: Job
    make: Make  # asks Heroku for the release
    send_by: float  # by this process's monotonic clock


def post(job: Job, gathered: CandidateFacts, seen: dict[str, Any]) -> None:
    """Commit the post, send it, store Heroku's answer. Raises StaleData, before the commit."""
    try:
        request = _commit(job, gathered, seen)
    except PreconditionChanged as why:
        job.again(str(why), job.now() + OVERTAKEN_PAUSE)
    except IntegrityError:
        # From the unique index on active promotions of a target: another one is active.
        job.again("Another promotion is at work on the target.", job.now() + BLOCKED_STEP)
    else:
        send(request)


def sending_status(kind: PromotionKind) -> Status:
    """Return the status in which this kind of promotion sends."""
    return Status.ROLLING_BACK if kind is PromotionKind.ROLLBACK else Status.POSTING


def _commit(job: Job, gathered: CandidateFacts, seen: dict[str, Any]) -> PendingRequest:
    row, target = job.row, gathered.target.history
    with job.context.database.begin() as conn:
        check(conn, job, gathered)
        planned = plan(gathered.candidate.conditions)
        around = waiting_promotions.lock_around(conn, row.target_id)
        moved = keep_moving(
            conn,
            job.claim,
            sending_status(row.kind),
            "Asking Heroku for the release.",
            evaluated_at=job.now(),
            verification=planned.as_json() if planned is not None else None,
            **seen,
        )
        evidence.keep_words(conn, row, seen["gates"])
        if gathered.makes_older_give_way:
            waiting_promotions.supersede_older(
                conn, row, around, reason=gathered.why_older_give_way
            )
        written = add_post(
            conn,
            row,
            target,
            kind=row.kind,
            artifact=row.artifact,
            strategy=gathered.candidate.strategy,
            account_id=gathered.account_id,
        )
    return _of_candidate(job.with_post(moved, written), gathered)


def keep_moving(
    conn: Connection, claim: queue.Claim, status: Status, reason: str, **values: Any
) -> PromotionRow:
    """Move to the status in which a post is sent, and keep the lease. Raises LeaseLost.

    The caller locked the promotions around the target.
    """
    return promotions.move(
        conn,
        claim,
        status,
        reason,
        is_live=True,
        lease_owner=claim.row.lease_owner,
        lease_until=queue.LEASE_FROM_NOW,
        due_at=queue.NOW,
        **values,
    )


def add_post(conn: Connection, row: PromotionRow, target: History, **values: Any) -> PostRow:
    """Store the post, with a nonce that tells its release from all others."""
    current = target.current
    return release_requests.add(
        conn,
        promotion_id=row.id,
        target_id=row.target_id,
        nonce=secrets.token_hex(4),
        base_version=target.newest_version,
        base_artifact=current.artifact if current is not None else None,
        **values,
    )


def pending(job: Job, make: Make) -> PendingRequest:
    """Build the request for a post that was just committed, to be sent at once."""
    return PendingRequest(job, make, time.monotonic() + SEND_WITHIN.total_seconds())


def check(conn: Connection, job: Job, gathered: CandidateFacts) -> None:
    """Check under the target's lock that the database still says what was decided on.

    Raises StaleData, PreconditionChanged.
    """
    row = job.row
    target = apps.lock(conn, [row.target_id])[row.target_id]
    check_fresh(conn, gathered.source, gathered.target)
    check_reach(gathered.source, row.version, gathered.candidate.source.name)
    if is_behind(gathered.target, target):
        raise StaleData(f"{target.name} runs a newer release by now.")
    if row.kind is PromotionKind.ROLLBACK:
        return
    now = job.now()
    again = evaluate(gathered.candidate, now, asked_again(gathered.candidate))
    if again.objection is not None:
        if again.reads in (Reads.DATABASE, Reads.CHECKS):
            # Its time is over: a window has closed, say, or GitHub told of checks too long ago.
            raise PreconditionChanged(again.objection.message)
        raise StaleData("What the checks answered got old meanwhile.")
    _check_standing(conn, row, gathered.candidate, now)
    if row.rule_id is not None:
        _check_rule(conn, row, row.rule_id, gathered)


def _check_standing(
    conn: Connection, row: PromotionRow, candidate: Candidate, now: datetime
) -> None:
    there = holds.standing(conn, row.target_id)
    held = tuple(hold.value for hold in there.held)
    if not isinstance(hold(replace(candidate, holds=held), now), Pass):
        raise PreconditionChanged("A hold was put.")
    blocks = commit_blocks.concerning(there.blocks, row.source_id, row.target_id)
    if not isinstance(block(replace(candidate, blocks=blocks), now), Pass):
        raise PreconditionChanged("A commit was blocked.")


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


def send_again(job: Job, gathered: CandidateFacts) -> None:
    """Send a post without any trace a second time, under the same nonce.

    Raises StaleData, PreconditionChanged, LeaseLost.
    """
    with job.context.database.begin() as conn:
        check(conn, job, gathered)
        queue.renew(conn, job.claim)
        again = release_requests.send_again(conn, job.post.id)
    send(_of_candidate(job.with_post(job.row, again), gathered))


def _of_candidate(job: Job, gathered: CandidateFacts) -> PendingRequest:
    return pending(job, partial(make_request, job, gathered))


def send(request: PendingRequest) -> None:
    """Send a committed post once, and store Heroku's answer."""
    job = request.job
    try:
        made = request.make(send_by=request.send_by)
    except platform.RateLimited:
        _not_sent(job, "Heroku's rate limit is reached.", RATE_LIMIT_WAIT)
    except platform.NotSent as why:
        _not_sent(job, f"Not sent: {why}", NOT_SENT_PAUSE)
    except platform.Refused as refusal:
        forget_way(job)
        job.end(outcomes.refused(job, refusal))
    except platform.Doubtful as doubt:
        _in_doubt(job, str(doubt))
    else:
        _accept(job, made)


def _accept(job: Job, made: Made) -> None:
    if isinstance(made, platform.PipelinePromotion):
        follow.begin(job, made)
        return
    outcomes.accept(job, as_release(made))
    if job.post.strategy is Strategy.SLUG:
        _note_echo(job, made)


def _note_echo(job: Job, release: platform.Release) -> None:
    """Store whether Heroku shows our description: after a doubt we recognise our release by it."""
    with job.context.database.begin() as conn:
        if nonce_of(release.description) == job.post.nonce:
            apps.put_fact(conn, apps.ECHOES, True)
        elif apps.get_fact(conn, apps.ECHOES) is None:
            apps.put_fact(conn, apps.ECHOES, False)


def _not_sent(job: Job, why: str, pause: timedelta) -> None:
    post = job.post
    if post.sends > 1:
        # The outcome of the first sending is still unknown: look for it, then send again.
        reason = f"{why} Still looking for the release of the first post."
        with job.context.database.begin() as conn:
            job.stay(conn, reason, job.now())
            release_requests.mark_unsent(conn, post.id)
        return
    # A promotion that is to be undone must not wait to be promoted: it tries the rollback again.
    status = Status.ROLLING_BACK if job.is_way_back else Status.WAITING
    due_at = job.now() + pause
    job.end(Transition(status=status, reason=why, due_at=due_at, post=post, outcome="not_sent"))


def _in_doubt(job: Job, why: str) -> None:
    reason = f"Heroku's answer is missing ({why}); looking for the release on the target."
    with job.context.database.begin() as conn:
        job.stay(conn, reason, job.now())
        release_requests.mark_unknown(conn, job.post.id)


Made = platform.Release | platform.PipelinePromotion


def make_request(job: Job, gathered: CandidateFacts, *, send_by: float) -> Made:
    """Ask Heroku for the release; name exactly what is to run. Raises HerokuError."""
    heroku, row, post = job.context.heroku, job.row, job.post
    if post.strategy is Strategy.SLUG:
        source = gathered.candidate.source.name
        words = description_of(source, row.version, post.nonce, kind=row.kind)
        return heroku.create_release(
            row.target_id, slug=post.artifact, description=words, send_by=send_by
        )
    if row.kind is PromotionKind.ROLLBACK:
        return heroku.rollback_release(row.target_id, release=row.release_id, send_by=send_by)
    pipeline, _ = gathered.candidate.pipelines
    return heroku.create_pipeline_promotion(
        pipeline=cast(str, pipeline),  # the match gate passes nothing without one
        source=row.source_id,
        release=row.release_id,
        target=row.target_id,
        send_by=send_by,
    )


def go_back(job: Job, release: Release, *, send_by: float) -> Made:
    """Ask Heroku for what an earlier release of the target ran. Raises HerokuError."""
    heroku, target_id, post = job.context.heroku, job.row.target_id, job.post
    if post.strategy is Strategy.SLUG:
        kind = PromotionKind.ROLLBACK
        words = description_of("", release.version, post.nonce, kind=kind)
        return heroku.create_release(
            target_id, slug=post.artifact, description=words, send_by=send_by
        )
    return heroku.rollback_release(target_id, release=release.id, send_by=send_by)


def forget_way(job: Job) -> None:
    """Forget the apps' pipelines after a refusal: an app may have left its pipeline."""
    if job.post.strategy is Strategy.PIPELINE:
        with job.context.database.begin() as conn:
            both = job.row.source_id, job.row.target_id
            apps.lock(conn, both)
            apps.forget_pipelines(conn, both)
