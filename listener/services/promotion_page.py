"""What the page of one promotion shows, and what could be done about it now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from listener.core.gates.binding import Binding, binding
from listener.core.promotion import RETRYABLE, Status
from listener.db import releases
from listener.inventory.context import Context
from listener.services import approvals, promotions
from listener.services.views import PromotionView


class Act(StrEnum):
    """What somebody may do about a promotion; each is a button."""

    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class PromotionPage:
    """A promotion, what it waits for, and what its state allows; roles are not looked at."""

    view: PromotionView
    waits_for: Binding | None
    acts: tuple[Act, ...]
    is_own: bool  # a release of whoever asks, which somebody else must approve
    seen: str  # names what an approval would let go
    now: datetime

    @property
    def source(self) -> str:
        """The name of the app that it comes from."""
        return self.view.names[self.view.row.source_id]

    @property
    def target(self) -> str:
        """The name of the app that it goes to."""
        return self.view.names[self.view.row.target_id]


def read(context: Context, promotion_id: str, asker: str) -> PromotionPage:
    """Return the page's facts. Raises NotFound."""
    view = promotions.get(context, promotion_id)
    row = view.row
    is_waiting = row.status is Status.WAITING
    with context.database.begin() as conn:
        question, now = approvals.question(conn, row), releases.now(conn)
    is_author = row.author is not None and row.author.casefold() == asker.casefold()
    is_own = question.is_asked and is_author and not question.is_own_allowed
    acts = [Act.REJECT] if question.is_asked else []
    if question.is_asked and not is_own:
        acts = [Act.APPROVE, *acts]
    acts += [Act.CANCEL] if is_waiting else []
    acts += [Act.RETRY] if row.status in RETRYABLE else []
    found = binding(row.gates, row.reason) if is_waiting else None
    return PromotionPage(view, found, tuple(acts), is_own, approvals.seen(view), now)
