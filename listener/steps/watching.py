"""A release of ours whose release phase runs: look at the target's list until it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from listener import heroku as platform
from listener.history import History, Release
from listener.promotion import RELEASE_PHASE_FOR, Status, back_off, release_poll
from listener.standing import is_ours
from listener.steps import answers, endings, targets
from listener.steps.clock import Clock
from listener.steps.endings import Ending
from listener.steps.readings import LACKING_FOR, Reading
from listener.steps.tools import Tools
from listener.store import posts, promotions, work
from listener.store.promotions import PromotionRow


def step(tools: Tools, claim: work.Claim, clock: Clock) -> None:
    """Read the list, not the single release: it also shows who released beside us."""
    row = promotions.row_of(claim.row)
    try:
        reading = tools.readings.releases(row.target_id)
    except platform.HerokuError as error:
        _unreadable(tools, claim, row, error, clock)
        return
    endings.end(tools, claim, _judge(tools, row, reading, clock))
    targets.glance(tools, reading)


def _judge(tools: Tools, row: PromotionRow, reading: Reading, clock: Clock) -> Ending:
    """What the promotion comes to by the target's list."""
    running_for = clock.now() - (row.status_at or clock.now())
    release = next((r for r in reading.history.releases if r.id == row.target_release_id), None)
    if release is None:
        return _lacking(row, running_for, clock)
    with tools.database.begin() as conn:
        post, issued = posts.latest(conn, row.id), posts.issued(conn, row.target_id)
    ending = answers.fate(row, release, clock, running_for)
    if ending.is_running:
        hold = answers.surprise(row, post, release, reading.history, issued)
        return replace(ending, hold=hold)
    if ending.due_at is None:
        return ending
    if (over := _over(release, reading.history, issued)) is not None:
        who = over.author or "Somebody"
        reason = f"{who} released v{over.version} over v{release.version}, which had not run yet."
        return answers.lost(ending, reason)
    if running_for >= RELEASE_PHASE_FOR:
        minutes = int(RELEASE_PHASE_FOR.total_seconds() // 60)
        reason = f"v{release.version} is {release.status} for more than {minutes} minutes."
        return answers.lost(ending, reason)
    return ending


def _over(ours: Release, history: History, issued: frozenset[str]) -> Release | None:
    """The newer release of somebody else that runs now, with other code."""
    current = history.current
    if current is None or current.version < ours.version or current.artifact == ours.artifact:
        return None
    return current if not is_ours(current, issued) else None


def _lacking(row: PromotionRow, running_for: timedelta, clock: Clock) -> Ending:
    """The list may lag behind the answer that named the release, but not for long."""
    reason = f"The list lacks v{row.target_version}."
    if running_for >= LACKING_FOR:
        return answers.lost(Ending(status=row.status, reason=reason), f"{reason} It is gone.")
    return Ending(status=row.status, reason=reason, due_at=clock.now() + release_poll(running_for))


def _unreadable(
    tools: Tools, claim: work.Claim, row: PromotionRow, error: Exception, clock: Clock
) -> None:
    waited = clock.now() - (row.status_at or clock.now())
    if waited >= RELEASE_PHASE_FOR:
        reason = f"How v{row.target_version} ended is unknown; Heroku could not be read: {error}"
        endings.end(tools, claim, answers.lost(Ending(status=row.status, reason=""), reason))
        return
    due_at = clock.now() + back_off(int(waited.total_seconds() // 10).bit_length())
    reason = f"v{row.target_version} was pending; Heroku could not be read: {error}"
    with tools.database.begin() as conn:
        promotions.move(conn, claim, Status(row.status), reason, due_at=due_at)
