"""How a promotion waits for checks of its commit: their row is read meanwhile, and wakes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from listener.core.gates.base import Candidate, Evaluation, Pass, Wait
from listener.core.gates.registry import GITHUB_CHECKS
from listener.core.gates.review import approvals
from listener.db import commit_checks
from listener.db.promotions import PromotionRow

LOOKS_EVERY = timedelta(minutes=5)  # what is read wakes it; this is the fallback


Gate = dict[str, Any]  # a verdict as it is stored


@dataclass(frozen=True, slots=True)
class ChecksWait:
    """When to look at it again, since when it waits for checks, and in which row they are.

    To ask for them is no wait for them yet: they may be well, and something else be in the way.
    """

    due_at: datetime
    since: datetime | None
    id: int | None

    def marked(self, gate: Gate) -> Gate:
        """Add to the verdict of the checks by which it is found when they change."""
        if gate["name"] != GITHUB_CHECKS.name or self.id is None:
            return gate
        return {**gate, "facts": {**gate["facts"], commit_checks.MARK: self.id}}


def begin(
    conn: Connection, row: PromotionRow, candidate: Candidate, wait: Wait, now: datetime
) -> ChecksWait:
    """Have the checks read while the promotion waits; call it before any promotion is locked.

    What was read since the candidate was made has woken nobody: then it is decided again at once.
    """
    known, is_urgent = candidate.commit_checks, bool(wait.facts.get("asks"))
    since = row.checks_since if is_urgent else row.checks_since or now
    due_at = min(filter(None, (wait.until, now + LOOKS_EVERY)))
    if known is None or known.sha is None:
        return ChecksWait(due_at, since, None)
    named = candidate.conditions.repo
    stored = commit_checks.want(conn, row.source_id, known.sha, named=named, is_urgent=is_urgent)
    has_news = stored.asked_at is not None and stored.asked_at != known.asked_at
    return ChecksWait(now if has_news else due_at, since, stored.id)


def told_well(
    row: PromotionRow, candidate: Candidate, evaluation: Evaluation, now: datetime
) -> dict[str, None]:
    """Return what to store where GitHub told that the checks are well: it waits for them no more.

    If they turn red later, they have all their time again. Not where somebody's word passed them;
    nor where an approval counts only as one that was given again while it waited for checks.
    """
    verdict = evaluation.by_name.get(GITHUB_CHECKS.name)
    is_told = isinstance(verdict, Pass) and "approved_by" not in verdict.facts
    if not is_told or row.checks_since is None:
        return {}
    later = replace(candidate, checks_since=None)
    if candidate.conditions.approvals and not isinstance(approvals(later, now), Pass):
        return {}
    return {"checks_since": None}


def unmarked(gate: Gate) -> Gate:
    """Return a verdict without the mark: the promotion waits for something else."""
    return {**gate, "facts": {n: v for n, v in gate["facts"].items() if n != commit_checks.MARK}}
