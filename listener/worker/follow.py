"""Follow a pipeline promotion at Heroku: ask for its release until it has one or cannot have one.

From Heroku's answer on the status is `releasing`, although the release is not known yet. If the
process died before it stored the answer, the status is `posting`, and the post is in doubt.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from listener.core.promotion import RELEASE_PHASE_FOR, Status, release_poll
from listener.db import promotions, release_requests
from listener.heroku import HerokuError, PipelinePromotion, PromotionTarget
from listener.heroku.resources import FAILED, PENDING
from listener.inventory import drift
from listener.worker import outcomes, watch
from listener.worker.finish import Transition
from listener.worker.job import Job


def begin(job: Job, made: PipelinePromotion) -> None:
    """Store Heroku's pipeline promotion for the post in one transaction; this ends the doubt."""
    reason = f"Heroku took it on as pipeline promotion {made.id}; no release shows yet."
    with job.context.database.begin() as conn:
        promotions.move(conn, job.claim, Status.RELEASING, reason, due_at=job.now())
        release_requests.promised(conn, job.post.id, made.id)


def step(job: Job) -> None:
    """Ask Heroku which release it is; search the target's list only if Heroku does not tell."""
    waited, heroku_s = job.in_status_for(), f"Heroku's {_name(job)}"
    try:
        target = watch.ask(job.context, job.post)
    except HerokuError as error:
        _search(job, f"{heroku_s} could not be read: {error}", waited)
        return
    match target:
        case PromotionTarget(release_id=str(release_id)):
            _follow(job, release_id, waited)
        case PromotionTarget(status=status) if status == FAILED:
            _refused(job, target)
        case PromotionTarget(status=status) if status == PENDING and waited < RELEASE_PHASE_FOR:
            due_at = job.now() + release_poll(waited)
            job.again(f"{heroku_s} has made no release yet.", due_at)
        case _:
            _search(job, f"{heroku_s} shows no release.", waited)


def _name(job: Job) -> str:
    """Name the pipeline promotion by Heroku's id."""
    return f"pipeline promotion {job.post.heroku_promotion_id}"


def _follow(job: Job, release_id: str, waited: timedelta) -> None:
    """Store which release it is; from here on the target's list tells how it goes."""
    # The phase begins with the release, however long Heroku took to make it.
    row = replace(job.row, target_release_id=release_id, status_at=job.now())
    try:
        reading = job.read_target()
        ending = watch.judge(job.with_row(row), reading)
    except HerokuError as error:
        _unreadable(job, f"The target's list could not be read: {error}", waited)
        return
    goes_on = {"status_at": job.now()} if ending.status is Status.RELEASING else {}
    values = {**ending.values, **goes_on}
    ending = replace(ending, post=job.post, outcome="accepted", values=values)
    job.end(replace(ending, release_id=release_id))
    drift.record_target(job.context, reading)


def _refused(job: Job, target: PromotionTarget) -> None:
    """End the promotion as failed: Heroku refused definitely, before there was any release."""
    words = target.error_message or "it gave no reason."
    reason = f"Heroku's {_name(job)} failed, and nothing was released: {words}"
    ending = Transition(status=Status.FAILED, reason=reason, post=job.post, outcome="refused")
    job.end(ending)


def _search(job: Job, why: str, waited: timedelta) -> None:
    """Search the target's list for the release that Heroku does not name."""
    try:
        reading = job.read_target()
        found = job.made_by_post(reading)
    except HerokuError as error:
        _unreadable(job, f"{why} Nor could the target's list be read: {error}", waited)
        return
    if found:
        outcomes.adopt(job, found)
        return
    drift.record_target(job.context, reading)
    _unreadable(job, why, waited)


def _unreadable(job: Job, why: str, waited: timedelta) -> None:
    job.unreadable(why, waited, RELEASE_PHASE_FOR, outcome="unknown")
