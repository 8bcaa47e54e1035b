"""Watch a release of ours in its release phase: read the target's list until it is over."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from listener import heroku as platform
from listener.core.drift import is_ours
from listener.core.promotion import RELEASE_PHASE_FOR, Status, back_off, release_poll
from listener.core.release import History, Release
from listener.db import promotions, queue, release_requests
from listener.db.promotions import PromotionRow
from listener.db.release_requests import PostRow
from listener.heroku import HerokuError, PromotionTarget
from listener.inventory import drift
from listener.inventory.context import Clock, Context
from listener.inventory.own_releases import made_by
from listener.inventory.reader import LACKING_FOR, Snapshot
from listener.worker import finish, outcomes
from listener.worker.finish import Transition


def step(context: Context, claim: queue.Claim, clock: Clock) -> None:
    """Read the list, not the single release: the list also shows what others released."""
    row = promotions.row_of(claim.row)
    with context.database.begin() as conn:
        post = release_requests.latest(conn, row.id)
    try:
        reading = context.reader.releases(row.target_id)
        ending = judge(context, row, post, reading, clock)
    except platform.HerokuError as error:
        _unreadable(context, claim, row, post, error, clock)
        return
    finish.end(context, claim, ending)
    drift.record_target(context, reading)


def judge(
    context: Context, row: PromotionRow, post: PostRow, reading: Snapshot, clock: Clock
) -> Transition:
    """Judge by the target's list what transition follows. Raises HerokuError."""
    running_for = clock.now() - (row.status_at or clock.now())
    history = reading.history
    wanted = post.release_id if outcomes.is_way_back(row, post) else row.target_release_id
    release = next((r for r in history.releases if r.id == wanted), None)
    if release is None:
        return _lacking(row, post, running_for, clock)
    with context.database.begin() as conn:
        issued = release_requests.issued(conn, row.target_id)
    made = outcomes.fate(row, post, release, clock, running_for)
    ending = outcomes.checked(made, post, release)
    if ending.is_running:
        twins = [twin for twin in made_by(context, post, reading) if twin.id != release.id]
        beside = outcomes.unexpected_change(row, post, [*twins, release], history, issued)
        return outcomes.with_hold(ending, beside)
    if ending.due_at is None:
        words = why_failed(context, post) if ending.status is Status.FAILED else None
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


def _lacking(row: PromotionRow, post: PostRow, running_for: timedelta, clock: Clock) -> Transition:
    """Wait for a release that the list lacks: it may lag behind the answer, but not for long."""
    reason = f"The list lacks {_named(row, post)}."
    if running_for >= LACKING_FOR:
        return outcomes.errored_with_hold(
            Transition(status=row.status, reason=reason), f"{reason} It is gone."
        )
    return Transition(
        status=row.status, reason=reason, due_at=clock.now() + release_poll(running_for)
    )


def _named(row: PromotionRow, post: PostRow) -> str:
    """Name the release by its version, or by its id if the version is not known yet."""
    if outcomes.is_way_back(row, post):
        return f"v{post.release_version}"
    if row.target_version is None:
        return f"release {row.target_release_id}"
    return f"v{row.target_version}"


def _unreadable(
    context: Context,
    claim: queue.Claim,
    row: PromotionRow,
    post: PostRow,
    error: Exception,
    clock: Clock,
) -> None:
    waited = clock.now() - (row.status_at or clock.now())
    if waited >= RELEASE_PHASE_FOR:
        reason = f"How {_named(row, post)} ended is unknown; Heroku could not be read: {error}"
        finish.end(
            context,
            claim,
            outcomes.errored_with_hold(Transition(status=row.status, reason=""), reason),
        )
        return
    due_at = clock.now() + back_off(int(waited.total_seconds() // 10).bit_length())
    reason = f"{_named(row, post)} was pending; Heroku could not be read: {error}"
    with context.database.begin() as conn:
        promotions.move(conn, claim, Status(row.status), reason, due_at=due_at)


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
