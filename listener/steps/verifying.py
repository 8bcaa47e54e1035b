"""After the post: whether production is well, and what follows where it is not."""

from __future__ import annotations

from listener import verification
from listener.conditions import OnFailure
from listener.promotion import Status
from listener.steps import endings, retreating
from listener.steps.clock import Clock
from listener.steps.endings import Ending
from listener.steps.tools import Tools
from listener.store import neighbours, promotions, work
from listener.store.promotions import PromotionRow
from listener.verification import Outcome, Verification


def step(tools: Tools, claim: work.Claim, clock: Clock) -> None:
    """Ask once more; or, where that is decided, do what the rule says."""
    row = promotions.row_of(claim.row)
    with tools.database.begin() as conn:
        asked_for = neighbours.rollback_asked_for(conn, row.target_id)
    if asked_for is not None:
        _give_way(tools, claim, row, asked_for)
        return
    seen = verification.read(row.verification or {})
    if seen.outcome is None:
        _ask(tools, claim, row, seen, clock)
    else:
        _conclude(tools, claim, row, seen, clock)


def _give_way(tools: Tools, claim: work.Claim, row: PromotionRow, rollback: PromotionRow) -> None:
    """Whoever asks for a rollback has seen enough, and need not wait for what we make of it."""
    by = rollback.created_by or "somebody"
    reason = f"Released as v{row.target_version}; {by} asked for rollback {rollback.id} meanwhile."
    endings.end(tools, claim, Ending(status=Status.FAILED, reason=reason))


def _ask(
    tools: Tools, claim: work.Claim, row: PromotionRow, before: Verification, clock: Clock
) -> None:
    began = row.status_at or clock.now()
    probes = tools.prober.ask_all(before.urls)
    now = clock.now()
    seen = before.after(probes, began, now)
    kept = {"verification": seen.as_json()}
    if seen.outcome is Outcome.GOOD:
        reason = f"Released as v{row.target_version}. {seen.words}"
        endings.end(tools, claim, Ending(status=Status.SUCCEEDED, reason=reason, values=kept))
        return
    # What is decided is written before anything is done about it: it stays decided.
    due_at = now if seen.outcome is not None else seen.next_at(began, now)
    with tools.database.begin() as conn:
        promotions.move(conn, claim, Status.VERIFYING, _so_far(row, seen), due_at=due_at, **kept)


def _so_far(row: PromotionRow, seen: Verification) -> str:
    """Says the same as long as answers are: each other sentence makes a line in its timeline."""
    if seen.outcome is not None:
        return seen.words
    how = "the last answer was good" if seen.run else f"the last answer was bad: {seen.said}"
    return f"Released as v{row.target_version}; {how}."


def _conclude(
    tools: Tools, claim: work.Claim, row: PromotionRow, seen: Verification, clock: Clock
) -> None:
    match seen.on_failure, seen.outcome:
        case OnFailure.NOTIFY, _:
            endings.end(tools, claim, Ending(status=Status.FAILED, reason=seen.words))
        case OnFailure.ROLLBACK, Outcome.BAD:
            retreating.step(tools, claim, row, clock)
        case OnFailure.ROLLBACK, _:
            retreating.stay(tools, claim, row, "Whether it is well is not known.")
        case _:
            hold = f"Promotion {row.id} is not well. {seen.words}"
            ending = Ending(status=Status.FAILED, reason=seen.words, hold=hold)
            endings.end(tools, claim, ending)
