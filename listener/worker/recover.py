"""Recover a post in doubt: look for its release, adopt it, or resend once, never blindly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from listener.core.promotion import MOST_POSTS, UNREADABLE_FOR, PromotionKind, Status, next_look
from listener.heroku import HerokuError
from listener.inventory import drift
from listener.inventory.reader import StaleData
from listener.worker import auto_rollback, create_release, evaluate, outcomes
from listener.worker.candidates import CandidateFacts, gather
from listener.worker.create_release import PreconditionChanged
from listener.worker.finish import Transition
from listener.worker.job import Job

# A second sending would make a release of another user than the first.
ANOTHER_USER = "The listener has another Heroku user by now."
NOT_ROLLED_BACK = "Not rolled back: "


def step(job: Job) -> None:
    """Search the target's releases for the one that our post may have made."""
    post, begun = job.post, job.now()
    try:
        reading = job.read_target()
        found = job.made_by_post(reading)
    except HerokuError as error:
        _unreadable(job, error)
        return
    if found:
        outcomes.adopt(job, found)
        return
    drift.record_target(job.context, reading)
    look_at = next_look(post.sent_at, begun)  # a look counts from its beginning
    if look_at is not None:
        job.again("No release of ours on the target yet; looking again.", look_at)
    elif post.sends >= MOST_POSTS:
        reason = f"Asked Heroku {post.sends} times for the release and found no trace of it."
        job.give_up(reason, "no_trace")
    elif job.is_way_back:
        _roll_back_again(job)
    else:
        _promote_again(job)


def _promote_again(job: Job) -> None:
    """Send a promotion, or a rollback by hand, again if nothing objects on fresh facts."""
    try:
        job.renew_lease()
        gathered = gather(job, job.post)
        found = job.made_by_post(gathered.target)
    except HerokuError as error:
        _ungathered(job, error)
        return
    if found:
        outcomes.adopt(job, found)
        return
    gathered, objection = _objection(job, gathered)
    if objection is not None:
        _back(job, objection)
    else:
        _send(job, partial(create_release.send_again, job, gathered))


def _roll_back_again(job: Job) -> None:
    """Send our automatic rollback again while our release still runs; no gate is asked."""
    try:
        job.renew_lease()
        post = job.post
        account_id = job.context.reader.account_id() if post.account_id is not None else None
        reading = auto_rollback.read(job)
        found = job.made_by_post(reading)
    except HerokuError as error:
        _ungathered(job, error)
        return
    if found:
        outcomes.adopt(job, found)
    elif post.account_id not in (None, account_id):
        _back(job, f"{NOT_ROLLED_BACK}{ANOTHER_USER}")
    elif not _send(job, partial(auto_rollback.send_again, job, reading), NOT_ROLLED_BACK):
        drift.record_target(job.context, reading)


def _send(job: Job, send_again: Callable[[], None], otherwise: str = "") -> bool:
    """Send the post again unless something changed; return False where something did."""
    try:
        send_again()
    except StaleData as stale:
        _unreadable(job, stale)
    except PreconditionChanged as why:
        _back(job, f"{otherwise}{why}")
        return False
    return True


def _unreadable(job: Job, error: Exception, *, gone_since: datetime | None = None) -> None:
    job.unreadable(
        f"Whether Heroku made the release is unknown; its list cannot be read: {error}",
        job.now() - job.post.sent_at,
        UNREADABLE_FOR,
        outcome="unknown",
        gone_since=gone_since,
    )


def _ungathered(job: Job, error: Exception) -> None:
    if job.is_gone(error):
        _back(job, f"Heroku: {error}")
    else:
        _unreadable(job, error, gone_since=job.gone_since(error))


def _objection(job: Job, gathered: CandidateFacts) -> tuple[CandidateFacts, str | None]:
    """Return the facts used, and what speaks against a second sending, if anything."""
    if job.post.account_id != gathered.account_id:
        return gathered, ANOTHER_USER
    if job.row.kind is PromotionKind.PROMOTE:
        _, gathered, evaluation = evaluate.evaluate_all(job, gathered)
        objection = evaluation.objection
        return gathered, objection.message if objection is not None else None
    current = gathered.target.history.current
    is_same = current is not None and current.artifact == job.post.base_artifact
    return gathered, None if is_same else "The target runs something else by now."


def _back(job: Job, why: str) -> None:
    """Let a promotion without a release wait again; fail a rollback, so it undoes nobody's work."""
    post, reason = job.post, f"Heroku made no release of the first post. {why}"
    ending = Transition(
        status=Status.WAITING, reason=reason, due_at=job.now(), post=post, outcome="no_trace"
    )
    if post.kind == PromotionKind.ROLLBACK:
        ending = replace(ending, status=Status.FAILED, due_at=None, hold=reason)
    job.end(ending)
