"""Watch a release of ours in its release phase: read the target's list until it is over."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from listener.core.drift import is_ours
from listener.core.promotion import RELEASE_PHASE_FOR, Status, release_poll
from listener.core.release import History, Release
from listener.db import release_requests
from listener.db.release_requests import PostRow
from listener.heroku import HerokuError, PromotionTarget
from listener.inventory import drift
from listener.inventory.context import Context
from listener.inventory.reader import LACKING_FOR, Snapshot
from listener.worker import outcomes
from listener.worker.finish import Transition
from listener.worker.job import Job


def step(job: Job) -> None:
    """Read the list, not the single release: the list also shows what others released."""
    try:
        reading = job.read_target()
        ending = judge(job, reading)
    except HerokuError as error:
        read = f"Heroku could not be read: {error}"
        job.unreadable(
            f"{_named(job)} was pending; {read}",
            job.in_status_for(),
            RELEASE_PHASE_FOR,
            reason_at_end=f"How {_named(job)} ended is unknown; {read}",
        )
        return
    job.end(ending)
    drift.record_target(job.context, reading)


def judge(job: Job, reading: Snapshot) -> Transition:
    """Judge by the target's list what transition follows. Raises HerokuError."""
    running_for, post, history = job.in_status_for(), job.post, reading.history
    wanted = post.release_id if job.is_way_back else job.row.target_release_id
    release = next((r for r in history.releases if r.id == wanted), None)
    if release is None:
        return _lacking(job, running_for)
    with job.context.database.begin() as conn:
        issued = release_requests.issued(conn, job.row.target_id, reading.history)
    ending = outcomes.checked(outcomes.fate(job, release, running_for), post, release)
    if ending.is_running:
        twins = [twin for twin in job.made_by_post(reading) if twin.id != release.id]
        beside = outcomes.unexpected_change(job, [*twins, release], history, issued)
        return outcomes.with_hold(ending, beside)
    if ending.due_at is None:
        words = why_failed(job.context, post) if ending.status is Status.FAILED else None
        return replace(ending, reason=f"Heroku: {words}. {ending.reason}") if words else ending
    if (over := _over(release, post, history, issued)) is not None:
        who = over.author or "Somebody"
        reason = f"{who} released v{over.version} over v{release.version}, which had not run yet."
        return outcomes.errored_with_hold(ending, reason)
    if running_for >= RELEASE_PHASE_FOR:
        minutes = int(RELEASE_PHASE_FOR.total_seconds() // 60)
        reason = f"v{release.version} is {release.status} for more than {minutes} minutes."
        return outcomes.errored_with_hold(ending, reason)
    return ending


def _over(ours: Release, post: PostRow, history: History, issued: frozenset[str]) -> Release | None:
    """Return the newer release of somebody else whose own code runs now, if there is one.

    A release with the code of before, such as a config change, does not count: then Heroku
    decides what runs in the end.
    """
    current = history.current
    if current is None or current.version < ours.version or is_ours(current, issued):
        return None
    if current.artifact in (ours.artifact, post.base_artifact):
        return None
    # A later config change keeps that code, and brings none.
    since = (r for r in history.releases if r.version > post.base_version and r.has_run)
    return next(r for r in since if r.artifact == current.artifact)


def _lacking(job: Job, running_for: timedelta) -> Transition:
    """Wait for a release that the list lacks: it may lag behind the answer, but not for long."""
    reason, due_at = f"The list lacks {_named(job)}.", job.now() + release_poll(running_for)
    ending = Transition(status=job.row.status, reason=reason, due_at=due_at)
    if running_for >= LACKING_FOR:
        return outcomes.errored_with_hold(ending, f"{reason} It is gone.")
    return ending


def _named(job: Job) -> str:
    """Name the release by its version, or by its id if the version is not known yet."""
    if job.is_way_back:
        return f"v{job.post.release_version}"
    if job.row.target_version is None:
        return f"release {job.row.target_release_id}"
    return f"v{job.row.target_version}"


def ask(context: Context, post: PostRow) -> PromotionTarget | None:
    """Ask for the target's state at Heroku; None if Heroku omits it. Raises HerokuError."""
    targets = context.heroku.promotion_targets(post.heroku_promotion_id or "")
    return next((target for target in targets if target.app_id == post.target_id), None)


def why_failed(context: Context, post: PostRow) -> str | None:
    """Return Heroku's words on a pipeline promotion that failed, if it has any."""
    if post.heroku_promotion_id is None:
        return None
    with suppress(HerokuError):
        target = ask(context, post)
        return target.error_message if target is not None else None
    return None
