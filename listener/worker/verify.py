"""Verify after the post whether production is well, and act where it is not."""

from __future__ import annotations

from listener.core import verification
from listener.core.gates.options import OnFailure
from listener.core.promotion import Status
from listener.core.verification import Outcome, Verification
from listener.db import related_promotions
from listener.db.promotions import PromotionRow
from listener.worker import auto_rollback
from listener.worker.finish import Transition
from listener.worker.job import Job


def step(job: Job) -> None:
    """Probe production once more; or, if the outcome is decided, do what the rule says."""
    with job.context.database.begin() as conn:
        asked_for = related_promotions.rollback_asked_for(conn, job.row.target_id)
    if asked_for is not None:
        _give_way(job, asked_for)
        return
    seen = verification.read(job.row.verification or {})
    if seen.outcome is None:
        _probe(job, seen)
    else:
        _conclude(job, seen)


def _give_way(job: Job, rollback: PromotionRow) -> None:
    """End the verification for a rollback by hand, which need not wait for its outcome."""
    released, by = f"Released as v{job.row.target_version}", rollback.created_by or "somebody"
    reason = f"{released}; {by} asked for rollback {rollback.id} meanwhile."
    job.end(Transition(status=Status.FAILED, reason=reason))


def _probe(job: Job, before: Verification) -> None:
    row, began = job.row, job.row.status_at or job.now()
    probes = job.context.prober.ask_all(before.urls)
    now = job.now()
    seen = before.after(probes, began, now)
    kept = {"verification": seen.as_json()}
    if seen.outcome is Outcome.GOOD:
        reason = f"Released as v{row.target_version}. {seen.words}"
        job.end(Transition(status=Status.SUCCEEDED, reason=reason, values=kept))
        return
    # Store the outcome before acting on it, so that it stays decided.
    due_at = now if seen.outcome is not None else seen.next_at(began, now)
    job.again(_so_far(row, seen), due_at, **kept)


def _so_far(row: PromotionRow, seen: Verification) -> str:
    """Say how it goes, in the same words while answers are alike: each change is an event."""
    if seen.outcome is not None:
        return seen.words
    how = "the last answer was good" if seen.run else f"the last answer was bad: {seen.said}"
    return f"Released as v{row.target_version}; {how}."


def _conclude(job: Job, seen: Verification) -> None:
    match seen.on_failure, seen.outcome:
        case OnFailure.NOTIFY, _:
            job.end(Transition(status=Status.FAILED, reason=seen.words))
        case OnFailure.ROLLBACK, Outcome.BAD:
            auto_rollback.step(job)
        case OnFailure.ROLLBACK, _:
            auto_rollback.not_rolled_back(job, "Whether it is well is not known.")
        case _:
            hold = f"Promotion {job.row.id} is not well. {seen.words}"
            job.end(Transition(status=Status.FAILED, reason=seen.words, hold=hold))
