"""A release of ours whose release phase runs: look at the target's list until it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from listener import heroku as platform
from listener.history import History, Release
from listener.promotion import RELEASE_PHASE_FOR, Status, back_off, release_poll
from listener.standing import is_ours
from listener.steps import answers, endings, promised, targets
from listener.steps.clock import Clock
from listener.steps.endings import Ending
from listener.steps.readings import LACKING_FOR, Reading
from listener.steps.tools import Tools
from listener.steps.traces import made_by
from listener.store import posts, promotions, work
from listener.store.posts import PostRow
from listener.store.promotions import PromotionRow


def step(tools: Tools, claim: work.Claim, clock: Clock) -> None:
    """Read the list, not the single release: it also shows who released beside us."""
    row = promotions.row_of(claim.row)
    with tools.database.begin() as conn:
        post = posts.latest(conn, row.id)
    try:
        reading = tools.readings.releases(row.target_id)
        ending = judge(tools, row, post, reading, clock)
    except platform.HerokuError as error:
        _unreadable(tools, claim, row, post, error, clock)
        return
    endings.end(tools, claim, ending)
    targets.glance(tools, reading)


def judge(tools: Tools, row: PromotionRow, post: PostRow, reading: Reading, clock: Clock) -> Ending:
    """What the promotion comes to by the target's list. Raises HerokuError."""
    running_for = clock.now() - (row.status_at or clock.now())
    history = reading.history
    wanted = post.release_id if answers.is_way_back(row, post) else row.target_release_id
    release = next((r for r in history.releases if r.id == wanted), None)
    if release is None:
        return _lacking(row, post, running_for, clock)
    with tools.database.begin() as conn:
        issued = posts.issued(conn, row.target_id)
    made = answers.fate(row, post, release, clock, running_for)
    ending = answers.checked(made, post, release)
    if ending.is_running:
        twins = [twin for twin in made_by(tools, post, reading) if twin.id != release.id]
        beside = answers.surprise(row, post, [*twins, release], history, issued)
        return answers.with_hold(ending, beside)
    if ending.due_at is None:
        words = promised.why_failed(tools, post) if ending.status is Status.FAILED else None
        return replace(ending, reason=f"Heroku: {words}. {ending.reason}") if words else ending
    if (over := _over(release, post, history, issued)) is not None:
        who = over.author or "Somebody"
        reason = f"{who} released v{over.version} over v{release.version}, which had not run yet."
        return answers.lost(ending, reason)
    if running_for >= RELEASE_PHASE_FOR:
        minutes = int(RELEASE_PHASE_FOR.total_seconds() // 60)
        reason = f"v{release.version} is {release.status} for more than {minutes} minutes."
        return answers.lost(ending, reason)
    return ending


def _over(ours: Release, post: PostRow, history: History, issued: frozenset[str]) -> Release | None:
    """The newer release of somebody else that runs now, with code of its own.

    One with the code of before, a config change say, leaves it to Heroku what runs in the end.
    """
    current = history.current
    if current is None or current.version < ours.version or is_ours(current, issued):
        return None
    if current.artifact in (ours.artifact, post.base_artifact):
        return None
    # Whoever set config since then carried that code on, and brought none.
    since = (r for r in history.releases if r.version > post.base_version and r.has_run)
    return next(r for r in since if r.artifact == current.artifact)


def _lacking(row: PromotionRow, post: PostRow, running_for: timedelta, clock: Clock) -> Ending:
    """The list may lag behind the answer that named the release, but not for long."""
    reason = f"The list lacks {_named(row, post)}."
    if running_for >= LACKING_FOR:
        return answers.lost(Ending(status=row.status, reason=reason), f"{reason} It is gone.")
    return Ending(status=row.status, reason=reason, due_at=clock.now() + release_poll(running_for))


def _named(row: PromotionRow, post: PostRow) -> str:
    """Of a pipeline promotion, the id may be known before the list shows the version."""
    if answers.is_way_back(row, post):
        return f"v{post.release_version}"
    if row.target_version is None:
        return f"release {row.target_release_id}"
    return f"v{row.target_version}"


def _unreadable(
    tools: Tools,
    claim: work.Claim,
    row: PromotionRow,
    post: PostRow,
    error: Exception,
    clock: Clock,
) -> None:
    waited = clock.now() - (row.status_at or clock.now())
    if waited >= RELEASE_PHASE_FOR:
        reason = f"How {_named(row, post)} ended is unknown; Heroku could not be read: {error}"
        endings.end(tools, claim, answers.lost(Ending(status=row.status, reason=""), reason))
        return
    due_at = clock.now() + back_off(int(waited.total_seconds() // 10).bit_length())
    reason = f"{_named(row, post)} was pending; Heroku could not be read: {error}"
    with tools.database.begin() as conn:
        promotions.move(conn, claim, Status(row.status), reason, due_at=due_at)
