"""Follow a pipeline promotion at Heroku: ask for its release until it has one or cannot have one.

From Heroku's answer on the status is `releasing`, although the release is not known yet. If the
process died before it stored the answer, the status is `posting`, and the post is in doubt.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from listener.core.promotion import RELEASE_PHASE_FOR, Status, back_off, release_poll
from listener.db import promotions, queue, release_requests
from listener.db.promotions import PromotionRow
from listener.db.release_requests import PostRow
from listener.heroku import HerokuError, PipelinePromotion, PromotionTarget
from listener.heroku.resources import FAILED, PENDING
from listener.inventory import drift
from listener.inventory.context import Clock, Context
from listener.inventory.own_releases import made_by
from listener.worker import finish, outcomes, watch
from listener.worker.finish import Transition


@dataclass(frozen=True, slots=True)
class TrackedPromotion:
    """A promotion that Heroku works on, and for how long."""

    claim: queue.Claim
    row: PromotionRow
    post: PostRow
    waited: timedelta

    @property
    def name(self) -> str:
        """The pipeline promotion by Heroku's id."""
        return f"pipeline promotion {self.post.heroku_promotion_id}"

    @property
    def is_overdue(self) -> bool:
        """Whether it has waited longer than any release takes."""
        return self.waited >= RELEASE_PHASE_FOR


def begin(
    context: Context, claim: queue.Claim, post: PostRow, made: PipelinePromotion, clock: Clock
) -> None:
    """Store Heroku's pipeline promotion for the post in one transaction; this ends the doubt."""
    reason = f"Heroku took it on as pipeline promotion {made.id}; no release shows yet."
    with context.database.begin() as conn:
        promotions.move(conn, claim, Status.RELEASING, reason, due_at=clock.now())
        release_requests.promised(conn, post.id, made.id)


def step(context: Context, claim: queue.Claim, clock: Clock) -> None:
    """Ask Heroku which release it is; search the target's list only if Heroku does not tell."""
    row = promotions.row_of(claim.row)
    with context.database.begin() as conn:
        post = release_requests.latest(conn, row.id)
    followed = TrackedPromotion(claim, row, post, clock.now() - (row.status_at or clock.now()))
    try:
        target = watch.ask(context, post)
    except HerokuError as error:
        _search(context, followed, f"Heroku's {followed.name} could not be read: {error}", clock)
        return
    match target:
        case PromotionTarget(release_id=str(release_id)):
            _name(context, followed, release_id, clock)
        case PromotionTarget(status=status) if status == FAILED:
            _refused(context, followed, target)
        case PromotionTarget(status=status) if status == PENDING and not followed.is_overdue:
            _wait(context, followed, f"Heroku's {followed.name} has made no release yet.", clock)
        case _:
            _search(context, followed, f"Heroku's {followed.name} shows no release.", clock)


def _name(context: Context, followed: TrackedPromotion, release_id: str, clock: Clock) -> None:
    """Store which release it is; from here on the target's list tells how it goes."""
    # The phase begins with the release, however long Heroku took to make it.
    row = replace(followed.row, target_release_id=release_id, status_at=clock.now())
    try:
        reading = context.reader.releases(row.target_id)
        ending = watch.judge(context, row, followed.post, reading, clock)
    except HerokuError as error:
        _unreadable(context, followed, f"The target's list could not be read: {error}", clock)
        return
    goes_on = {"status_at": clock.now()} if ending.status is Status.RELEASING else {}
    ending = replace(ending, post=followed.post, outcome="accepted", values=goes_on)
    finish.end(context, followed.claim, replace(ending, release_id=release_id))
    drift.record_target(context, reading)


def _refused(context: Context, followed: TrackedPromotion, target: PromotionTarget) -> None:
    """End the promotion as failed: Heroku refused definitely, before there was any release."""
    words = target.error_message or "it gave no reason."
    reason = f"Heroku's {followed.name} failed, and nothing was released: {words}"
    ending = Transition(status=Status.FAILED, reason=reason, post=followed.post, outcome="refused")
    finish.end(context, followed.claim, ending)


def _search(context: Context, followed: TrackedPromotion, why: str, clock: Clock) -> None:
    """Search the target's list for the release that Heroku does not name."""
    row, post = followed.row, followed.post
    try:
        reading = context.reader.releases(row.target_id)
        found = made_by(context, post, reading)
    except HerokuError as error:
        _unreadable(context, followed, f"{why} Nor could the target's list be read: {error}", clock)
        return
    if found:
        outcomes.adopt(context, followed.claim, row, post, found, clock)
        return
    drift.record_target(context, reading)
    _unreadable(context, followed, why, clock)


def _unreadable(context: Context, followed: TrackedPromotion, why: str, clock: Clock) -> None:
    if followed.is_overdue:
        ending = Transition(status=followed.row.status, reason=why, post=followed.post)
        finish.end(
            context,
            followed.claim,
            outcomes.errored_with_hold(replace(ending, outcome="unknown"), why),
        )
        return
    tries = int(followed.waited.total_seconds() // 10).bit_length()
    _stay(context, followed, why, clock, back_off(tries))


def _wait(context: Context, followed: TrackedPromotion, why: str, clock: Clock) -> None:
    _stay(context, followed, why, clock, release_poll(followed.waited))


def _stay(
    context: Context, followed: TrackedPromotion, why: str, clock: Clock, pause: timedelta
) -> None:
    due_at = clock.now() + pause
    with context.database.begin() as conn:
        promotions.move(conn, followed.claim, Status.RELEASING, why, due_at=due_at)
