"""What Heroku's answer to a post means, in a status and a sentence a person can act on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from listener import heroku as platform
from listener.history import EXPIRED, FAILED, PENDING, SUCCEEDED, History, Release
from listener.promotion import PromotionKind, Status, release_poll
from listener.standing import is_ours, nonce_of
from listener.steps import endings
from listener.steps.clock import Clock
from listener.steps.endings import Ending
from listener.steps.tools import Tools
from listener.store import work
from listener.store.posts import PostRow
from listener.store.promotions import PromotionRow

ADVICE = {
    "two_factor": "The app is protected by a second factor, which no robot has: promote it by hand"
    " with `heroku pipelines:promote`, or let the listener's Heroku user deploy without it.",
    "forbidden": "Give the listener's Heroku user the deploy permission on the target"
    " and access to the source: `heroku access:add`.",
    "unauthorized": "The listener's HEROKU_API_KEY is no longer valid: make a new one with"
    " `heroku authorizations:create` and set it.",
    "delinquent": "The owner's account must be paid.",
    "suspended": "The account or the app is suspended: see the owner.",
    "verification_needed": "The owner must verify the account with Heroku.",
    "not_found": "The app or the slug is gone for the listener's Heroku user.",
}


def refused(refusal: platform.Refused, row: PromotionRow, post: PostRow) -> Ending:
    """A definite no ends the promotion as failed, in Heroku's words."""
    advice = ADVICE.get(refusal.id, "")
    reason = f"Heroku refused ({refusal.status} {refusal.id}): {refusal.message} {advice}".strip()
    hold = None
    if row.kind is PromotionKind.ROLLBACK:
        hold = f"Rollback {row.id} failed: {refusal.message}"
    return Ending(status=Status.FAILED, reason=reason, post=post, outcome="refused", hold=hold)


def accept(
    tools: Tools,
    claim: work.Claim,
    row: PromotionRow,
    post: PostRow,
    release: Release,
    clock: Clock,
    *,
    doubles: tuple[int, ...] = (),
) -> None:
    """Go on by the status of the release that Heroku made for us.

    `doubles` are other releases of the same post, made by Heroku although asked once.
    """
    ending = fate(row, release, clock, timedelta(0))
    if ending.is_running and release.version != post.base_version + 1:
        # Something came in between, and the list tells what: watching reads it, and then ends.
        status = sending_or(Status.RELEASING, row)
        reason = f"v{release.version} runs; looking at what was released just before it."
        ending = replace(ending, status=status, reason=reason, due_at=clock.now(), is_running=False)
    hold = _twins(row, doubles) if doubles else ending.hold
    endings.end(tools, claim, replace(ending, post=post, outcome="accepted", hold=hold))


def sending_or(status: Status, row: PromotionRow) -> Status:
    """A rollback has one status from its post to its end."""
    return Status.ROLLING_BACK if row.kind is PromotionKind.ROLLBACK else status


def surprise(
    row: PromotionRow, post: PostRow, ours: Release, history: History, issued: frozenset[str]
) -> str | None:
    """What happened on the target beside our release, and is a reason for a hold."""
    others = [r for r in history.releases if r.version > post.base_version and r.id != ours.id]
    twins = tuple(r.version for r in others if nonce_of(r.description) == post.nonce)
    if twins:
        return _twins(row, twins)
    for release in others:
        is_news = release.artifact not in (post.base_artifact, post.artifact)
        # One whose phase runs still was overtaken as well; a failed one never ran.
        is_overtaken = release.version < ours.version and release.status != FAILED
        if is_overtaken and is_news and not is_ours(release, issued):
            return (
                f"Promotion {row.id} overtook v{release.version} by {release.author or 'somebody'}"
                f" (“{release.description}”), which was released at the same time."
            )
    return None


def _twins(row: PromotionRow, versions: tuple[int, ...]) -> str:
    others = ", ".join(f"v{version}" for version in versions)
    return f"Heroku made more than one release of promotion {row.id}: {others} too."


def fate(row: PromotionRow, release: Release, clock: Clock, running_for: timedelta) -> Ending:
    """What a promotion comes to by the status of its release on the target."""
    is_rollback, where = row.kind is PromotionKind.ROLLBACK, f"v{release.version}"
    ending = Ending(
        status=sending_or(Status.RELEASING, row),
        reason=f"The release phase of {where} is running.",
        due_at=clock.now() + release_poll(running_for),
        release_id=release.id,
        version=release.version,
    )
    if release.status == SUCCEEDED:
        status = Status.ROLLED_BACK if is_rollback else Status.SUCCEEDED
        words = "Rolled back" if is_rollback else "Released"
        reason = f"{words} as {where}."
        return replace(ending, status=status, reason=reason, due_at=None, is_running=True)
    if release.status == FAILED:
        reason = f"The release phase of {where} failed: `heroku releases:output {where}` shows it."
        hold = f"Rollback {row.id} failed. {reason}" if is_rollback else None
        return replace(ending, status=Status.FAILED, reason=reason, due_at=None, hold=hold)
    if release.status == EXPIRED:
        return lost(ending, f"Release {where} expired before it ran.")
    if release.status != PENDING:
        return replace(ending, reason=f"Release {where} is {release.status}.")
    return ending


def lost(ending: Ending, reason: str) -> Ending:
    """We cannot find out any more: errored, and the target stands still until somebody looks."""
    return replace(ending, status=Status.ERRORED, reason=reason, due_at=None, hold=reason)
