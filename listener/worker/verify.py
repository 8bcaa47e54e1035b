"""Verify after the post whether production is well, and act where it is not."""

from __future__ import annotations

from listener.core import verification
from listener.core.gates.options import OnFailure
from listener.core.promotion import Status
from listener.core.verification import Outcome, Verification
from listener.db import promotions, queue, related_promotions
from listener.db.promotions import PromotionRow
from listener.inventory.context import Clock, Context
from listener.worker import auto_rollback, finish
from listener.worker.finish import Transition


def step(context: Context, claim: queue.Claim, clock: Clock) -> None:
    """Probe production once more; or, if the outcome is decided, do what the rule says."""
    row = promotions.row_of(claim.row)
    with context.database.begin() as conn:
        asked_for = related_promotions.rollback_asked_for(conn, row.target_id)
    if asked_for is not None:
        _give_way(context, claim, row, asked_for)
        return
    seen = verification.read(row.verification or {})
    if seen.outcome is None:
        _ask(context, claim, row, seen, clock)
    else:
        _conclude(context, claim, row, seen, clock)


def _give_way(
    context: Context, claim: queue.Claim, row: PromotionRow, rollback: PromotionRow
) -> None:
    """End the verification for a rollback by hand, which need not wait for its outcome."""
    by = rollback.created_by or "somebody"
    reason = f"Released as v{row.target_version}; {by} asked for rollback {rollback.id} meanwhile."
    finish.end(context, claim, Transition(status=Status.FAILED, reason=reason))


def _ask(
    context: Context, claim: queue.Claim, row: PromotionRow, before: Verification, clock: Clock
) -> None:
    began = row.status_at or clock.now()
    probes = context.prober.ask_all(before.urls)
    now = clock.now()
    seen = before.after(probes, began, now)
    kept = {"verification": seen.as_json()}
    if seen.outcome is Outcome.GOOD:
        reason = f"Released as v{row.target_version}. {seen.words}"
        finish.end(context, claim, Transition(status=Status.SUCCEEDED, reason=reason, values=kept))
        return
    # Store the outcome before acting on it, so that it stays decided.
    due_at = now if seen.outcome is not None else seen.next_at(began, now)
    with context.database.begin() as conn:
        promotions.move(conn, claim, Status.VERIFYING, _so_far(row, seen), due_at=due_at, **kept)


def _so_far(row: PromotionRow, seen: Verification) -> str:
    """Say how it goes, in the same words while answers are alike: each change is an event."""
    if seen.outcome is not None:
        return seen.words
    how = "the last answer was good" if seen.run else f"the last answer was bad: {seen.said}"
    return f"Released as v{row.target_version}; {how}."


def _conclude(
    context: Context, claim: queue.Claim, row: PromotionRow, seen: Verification, clock: Clock
) -> None:
    match seen.on_failure, seen.outcome:
        case OnFailure.NOTIFY, _:
            finish.end(context, claim, Transition(status=Status.FAILED, reason=seen.words))
        case OnFailure.ROLLBACK, Outcome.BAD:
            auto_rollback.step(context, claim, row, clock)
        case OnFailure.ROLLBACK, _:
            auto_rollback.stay(context, claim, row, "Whether it is well is not known.")
        case _:
            hold = f"Promotion {row.id} is not well. {seen.words}"
            ending = Transition(status=Status.FAILED, reason=seen.words, hold=hold)
            finish.end(context, claim, ending)
