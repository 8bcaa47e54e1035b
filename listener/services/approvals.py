"""The approvals service: people approve or reject a promotion that waits."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from listener.approval_links import Invitation
from listener.core.gates.base import is_for_word
from listener.core.gates.options import Conditions
from listener.core.gates.registry import APPROVALS, BRAKE
from listener.core.promotion import PromotionKind, Status
from listener.db import approvals, commit_words, waiting_promotions
from listener.db.promotions import PromotionRow
from listener.errors import Conflict, Forbidden, NotFound
from listener.inventory import evidence
from listener.inventory.context import Context
from listener.services import seen
from listener.services.cancel import record
from listener.services.promotions import find, too_late, view_of
from listener.services.views import PromotionView


@dataclass(frozen=True, slots=True)
class Vote:
    """What one person says of a promotion."""

    is_approved: bool
    reason: str | None = None
    seen: str | None = None  # by `seen.name`, what a page showed them; None where they saw no page

    @property
    def done(self) -> str:
        """The word for what was done: approved or rejected."""
        return "approved" if self.is_approved else "rejected"


def approve(
    context: Context, promotion_id: str, *, by: str, saw: str | None = None
) -> PromotionView:
    """Approve what the promotion brings.

    Raises Conflict where it needs no approval, or is not any more what a page showed: `saw`.
    """
    return _say(context, promotion_id, Vote(is_approved=True, seen=saw), by)


def reject(context: Context, promotion_id: str, *, reason: str | None, by: str) -> PromotionView:
    """Reject the promotion, which ends it. Raises Conflict where it needs no approval."""
    return _say(context, promotion_id, Vote(is_approved=False, reason=reason), by)


def check_invited(context: Context, invitation: Invitation) -> None:
    """Raise NotFound if the invitation's promotion brings another release now."""
    with context.database.begin() as conn:
        row = find(context, conn, str(invitation.promotion_id))
    if (row.release_id, row.artifact) != (invitation.release_id, invitation.artifact):
        raise NotFound("promotion", "That promotion brings something else by now.")


@dataclass(frozen=True, slots=True)
class Question:
    """Whether people are asked about a promotion now."""

    is_asked: bool
    is_own_allowed: bool  # whoever made the release may approve it


def question(conn: Connection, row: PromotionRow) -> Question:
    """Return whether people are asked about a promotion now."""
    conditions = evidence.conditions_of(conn, row)
    is_asked = row.status is Status.WAITING and not _why_nobody_is_asked(row, conditions)
    return Question(is_asked, conditions.self_approval)


def _say(context: Context, promotion_id: str, word: Vote, by: str) -> PromotionView:
    with context.database.begin() as conn:
        before = find(context, conn, promotion_id)
        if before.status is not Status.WAITING:
            raise too_late(before, word.done)
        _check_asked(conn, before, word, by)
        why = f": {word.reason}" if word.reason else "."
        row = waiting_promotions.reevaluate(
            conn, before.id, word.done, f"{word.done.title()} by {by}{why}"
        )
        if row is None:
            raise too_late(find(context, conn, promotion_id), word.done)
        # Who stores what ships locks the row, too: so nothing comes between.
        if word.seen is not None:
            seen.check_name(view_of(context, conn, row), word.seen)
        approvals.put(conn, row, by=by, is_approved=word.is_approved, reason=word.reason)
        if word.is_approved:
            commit_words.put(conn, row, seen.stopped(row), by=by)
        else:
            commit_words.take_back(conn, row.id)
        record(conn, by, f"promotion.{word.done}", before, row)
        return view_of(context, conn, row)


def _check_asked(conn: Connection, row: PromotionRow, word: Vote, by: str) -> None:
    conditions = evidence.conditions_of(conn, row)
    if (why := _why_nobody_is_asked(row, conditions)) is not None:
        message = f"{why} `autopromote promotions:cancel {row.id}` ends it."
        raise Conflict("no_approval_asked", message)
    if word.is_approved and row.is_of(by) and not conditions.self_approval:
        message = f"Promotion {row.id} brings a release of yours: somebody else must approve it."
        raise Forbidden(message, id="own_release")


def _why_nobody_is_asked(row: PromotionRow, conditions: Conditions) -> str | None:
    if row.kind is PromotionKind.ROLLBACK:
        return f"Rollback {row.id} asks for no approval."
    if any(is_for_word(gate["facts"]) for gate in row.gates):
        return None
    asking = {gate.name for gate in (APPROVALS, BRAKE) if gate.asked(conditions)}
    if not asking:
        return f"The rule asks for no approval of promotion {row.id}."
    aside = set(row.override["gates"]) if row.override is not None else set()
    if asking <= aside:
        return f"The approval of promotion {row.id} was set aside."
    return None
