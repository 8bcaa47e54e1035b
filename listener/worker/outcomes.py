"""What Heroku's answer to a post means: a transition with a reason that people can act on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from listener import heroku as platform
from listener.core import duration, verification
from listener.core.drift import is_ours, is_rollback_by_words
from listener.core.gates.base import SLUG
from listener.core.promotion import ENDED, PromotionKind, Status, release_poll
from listener.core.release import EXPIRED, FAILED, PENDING, SUCCEEDED, History, Release
from listener.db import apps
from listener.db.promotions import PromotionRow
from listener.db.release_requests import PostRow
from listener.worker.finish import Transition
from listener.worker.job import Job

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


def refused(job: Job, refusal: platform.Refused) -> Transition:
    """Build the transition to failed after Heroku's definite no, in Heroku's words."""
    row, post = job.row, job.post
    advice = ADVICE.get(refusal.id, "")
    reason = f"Heroku refused ({refusal.status} {refusal.id}): {refusal.message} {advice}".strip()
    hold = None
    if post.kind == PromotionKind.ROLLBACK:
        hold = f"{_rollback(row)} failed: {refusal.message}"
    if job.is_way_back:
        reason = f"{reason_for_rollback(row)} Not rolled back: {reason}"
    return Transition(status=Status.FAILED, reason=reason, post=post, outcome="refused", hold=hold)


def reason_for_rollback(row: PromotionRow) -> str:
    """Say what was wrong with production after a promotion; empty where it was not verified."""
    return verification.read(row.verification).words if row.verification is not None else ""


def _rollback(row: PromotionRow) -> str:
    is_by_hand = row.kind is PromotionKind.ROLLBACK
    return f"Rollback {row.id}" if is_by_hand else f"The rollback of promotion {row.id}"


def accept(job: Job, release: Release, *, doubles: tuple[int, ...] = ()) -> None:
    """Write the transition that follows from the status of the release that Heroku made for us.

    `doubles` are other releases of the same post, which Heroku made although it was asked once.
    """
    post = job.post
    ending = checked(fate(job, release, timedelta(0)), post, release)
    if ending.is_running and release.version != post.base_version + 1:
        # Another release came in between: the watch step reads the list, and then ends.
        status = sending_or(Status.RELEASING, post)
        reason = f"v{release.version} runs; looking at what was released just before it."
        ending = replace(ending, status=status, reason=reason, due_at=job.now(), is_running=False)
    if doubles and (ending.is_running or ending.status in ENDED):
        ending = replace(ending, hold=both(ending.hold, _duplicates(job.row, doubles)))
    job.end(replace(ending, post=post, outcome="accepted"))


def adopt(job: Job, found: list[Release]) -> None:
    """Adopt the newest release that was found; put a hold where there are several."""
    accept(job, found[-1], doubles=tuple(release.version for release in found[:-1]))


def checked(ending: Transition, post: PostRow, release: Release) -> Transition:
    """Return the transition, or an error with a hold if the release runs something else.

    Only a slug is sent to Heroku as such; what it makes of a release must be checked.
    """
    is_right = post.unnamed is None or release.artifact == post.artifact
    if is_right or not ending.is_running:
        return ending
    reason = (
        f"v{release.version} runs {release.artifact}, and {post.artifact} was asked for: look at"
        f" `heroku releases:info v{release.version}`."
    )
    return errored_with_hold(replace(ending, is_running=False), reason)


def sending_or(status: Status, post: PostRow) -> Status:
    """Return the given status; a rollback is ROLLING_BACK from its post to its end."""
    return Status.ROLLING_BACK if post.kind == PromotionKind.ROLLBACK else status


def both(hold: str | None, other: str | None) -> str | None:
    """Join the reasons of two holds into one; None where there is none."""
    return " ".join(reason for reason in (hold, other) if reason) or None


@dataclass(frozen=True, slots=True)
class Surprise:
    """An event beside our release; `foreign` is the release of somebody else in it."""

    reason: str
    foreign: Release | None = None


def with_hold(ending: Transition, beside: Surprise | None) -> Transition:
    """Add a hold to the transition for what happened beside it."""
    if beside is None:
        return ending
    return replace(ending, hold=both(ending.hold, beside.reason), foreign=beside.foreign)


def unexpected_change(
    job: Job, made: Sequence[Release], history: History, issued: frozenset[str]
) -> Surprise | None:
    """Find what happened on the target beside our release and is a reason for a hold.

    `made` are the releases of the post, oldest first; the last one is the promotion's.
    """
    *twins, ours = made
    if twins:
        return Surprise(_duplicates(job.row, tuple(release.version for release in twins)))
    base = job.post.base_version
    foreign = [r for r in history.releases if r.version > base and r.id != ours.id]
    return _overtaken(job, ours, [r for r in foreign if not is_ours(r, issued)])


def _overtaken(job: Job, ours: Release, foreign: Sequence[Release]) -> Surprise | None:
    post = job.post
    for release in foreign:
        is_news = release.artifact not in (post.base_artifact, post.artifact)
        # One whose release phase still runs was overtaken too; a failed one never ran.
        if release.version < ours.version and is_news and release.status != FAILED:
            what = _named(release)
            reason = f"Promotion {job.row.id} overtook {what}, which was released at the same time."
            return Surprise(reason, release)
        # A rollback to what ran before brings no other code, but somebody meant ours to stop.
        is_way_back = release.artifact == post.base_artifact and is_rollback_by_words(release)
        is_later = release.version > ours.version
        if is_later and ours.is_current and release.has_run and (is_news or is_way_back):
            did = "went back" if is_way_back else "was released"
            reason = f"{_named(release)} {did} while the phase of v{ours.version} ran,"
            return Surprise(f"{reason} which ended later and runs.", release)
    return None


def _named(release: Release) -> str:
    who = release.author or "somebody"
    return f"v{release.version} by {who} (“{release.description}”)"


def _duplicates(row: PromotionRow, versions: tuple[int, ...]) -> str:
    others = ", ".join(f"v{version}" for version in versions)
    return f"Heroku made more than one release of promotion {row.id}: {others} too."


def fate(job: Job, release: Release, running_for: timedelta) -> Transition:
    """Build the transition that follows from the status of the post's release on the target."""
    post, where = job.post, f"v{release.version}"
    ending = Transition(
        status=sending_or(Status.RELEASING, post),
        reason=f"The release phase of {where} is running.",
        due_at=job.now() + release_poll(running_for),
        release_id=release.id,
        version=release.version,
        artifact=post.artifact,
        is_way_back=job.is_way_back,
    )
    if release.status == SUCCEEDED:
        return replace(_ran(job, ending, where), is_running=True)
    if release.status == FAILED:
        command = f"heroku releases:output {where} -a {_target(job)}"
        reason = f"The release phase of {where} failed: `{command}` shows it."
        is_rollback = post.kind == PromotionKind.ROLLBACK
        hold = f"{_rollback(job.row)} failed. {reason}" if is_rollback else None
        return replace(ending, status=Status.FAILED, reason=reason, due_at=None, hold=hold)
    if release.status == EXPIRED:
        return errored_with_hold(ending, f"Release {where} expired before it ran.")
    if release.status != PENDING:
        return replace(ending, reason=f"Release {where} is {release.status}.")
    return ending


def _target(job: Job) -> str:
    with job.context.database.begin() as conn:
        return apps.get(conn, job.row.target_id).name


def _ran(job: Job, ending: Transition, where: str) -> Transition:
    row = job.row
    with_config = ", config vars included" if restores_config(row) else ""
    if ending.is_way_back:
        why = reason_for_rollback(row)
        reason = f"{why} Rolled back to what ran before, as {where}{with_config}."
        hold = f"Promotion {row.id} was rolled back. {why}"
        return replace(ending, status=Status.ROLLED_BACK, reason=reason, due_at=None, hold=hold)
    if job.post.kind == PromotionKind.ROLLBACK:
        reason = f"Rolled back as {where}{with_config}."
        return replace(ending, status=Status.ROLLED_BACK, reason=reason, due_at=None)
    if row.verification is None:
        reason = f"Released as {where}."
        return replace(ending, status=Status.SUCCEEDED, reason=reason, due_at=None)
    planned = verification.read(row.verification)
    reason = f"Released as {where}; verified for {duration.show(planned.lasts)}."
    # The questions are counted from the very time that the first one is due after.
    began = job.now()
    values = {**ending.values, "status_at": began}
    ending = replace(ending, status=Status.VERIFYING, reason=reason, values=values)
    return replace(ending, due_at=began + planned.every)


def restores_config(row: PromotionRow) -> bool:
    """Return whether a rollback restores config vars too, as Heroku does for all but slugs."""
    return row.artifact_type != SLUG


def errored_with_hold(ending: Transition, reason: str) -> Transition:
    """Change the transition to errored, with a hold on the target: we cannot find out more."""
    return replace(ending, status=Status.ERRORED, reason=reason, due_at=None, hold=reason)
