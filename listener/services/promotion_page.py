"""What the page of one promotion shows, and what could be done about it now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from listener.core import verification
from listener.core.gates.base import MAY_BE_SET_ASIDE, is_for_word
from listener.core.gates.binding import Binding, binding
from listener.core.gates.registry import APPROVALS, BRAKE, HOLD, OF_RULES
from listener.core.gates.review import WENT_WRONG
from listener.core.promotion import RETRYABLE, PromotionKind, Status
from listener.core.rule import Mode
from listener.core.verification import Verification
from listener.db import apps, lanes, releases, rules
from listener.db.holds import HoldRow, open_
from listener.db.lanes import PlaceRow, RunningRow
from listener.db.promotions import PromotionRow
from listener.inventory.context import Context
from listener.services import approvals, hold_release, promotions, rollback_preview, seen
from listener.services.approvals import Question
from listener.services.rollback_preview import RollbackForeseen
from listener.services.views import PromotionView, ReleaseForeseen

# What a rule asks may be set aside, and holds that people plan; nothing else.
SET_ASIDE = frozenset(gate.name for gate in (*OF_RULES, HOLD))
OBJECTS = frozenset({"wait", "error", "reject"})
ANSWERED = frozenset({APPROVALS.name, BRAKE.name})
AWAITING = frozenset({Status.POSTING, Status.RELEASING, Status.VERIFYING})
# What ended in these no rule brings again; somebody may by hand.
BY_HAND = frozenset({Status.SUPERSEDED, Status.SHADOWED, Status.ROLLED_BACK})


class Act(StrEnum):
    """What somebody may do about a promotion; each is a button."""

    APPROVE = "approve"
    REJECT = "reject"
    RETRY = "retry"
    PROMOTE = "promote"
    RELEASE = "release"  # the holds on its target
    ROLL_BACK = "rollback"
    OVERRIDE = "override"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class PromotionPage:
    """A promotion, what it waits for, and what its state allows; roles are not looked at."""

    view: PromotionView
    description: str  # of the release, in words that anybody may have written
    waits_for: Binding | None
    acts: tuple[Act, ...]
    is_own: bool  # a release of whoever asks, which somebody else must approve
    is_shadow: bool  # its rule only tells what it would do: nothing is released
    has_approved: bool  # whoever asks did, and that counts
    others: int  # who approved it, too, so that it counts
    seen: str  # names what a press would let go
    aside: tuple[str, ...]  # the gates that object and may be set aside
    holds: tuple[HoldRow, ...]  # in force on its target
    freed: ReleaseForeseen | None  # what their release would let go
    back: RollbackForeseen | None
    runs: RunningRow  # its target
    place: PlaceRow | None  # of what that runs, among the source's releases
    now: datetime

    @property
    def source(self) -> str:
        """The name of the app that it comes from."""
        return self.view.names[self.view.row.source_id]

    @property
    def target(self) -> str:
        """The name of the app that it goes to."""
        return self.view.names[self.view.row.target_id]

    @property
    def shown(self) -> object:
        """All that is shown of it, without what every look of our own moves."""
        row = self.view.row
        still = replace(
            row,
            due_at=None,
            fence=0,
            attempt=0,
            evaluated_at=None,
            checked_at=None,
            updated_at=row.created_at,
        )
        freed = self.freed
        told = freed and (freed.message, sorted(freed.going), [one.row.id for one in freed.holds])
        view = replace(self.view, row=still)
        return replace(self, view=view, freed=None, now=row.created_at), told

    @property
    def verified(self) -> Verification | None:
        """How well its target answered since its release, or will be asked."""
        row = self.view.row
        return verification.read(row.verification) if row.verification is not None else None

    @property
    def answers_to_come(self) -> int:
        """How many answers are awaited."""
        seen, is_asked = self.verified, self.view.row.status in AWAITING
        if seen is None or seen.outcome is not None or not is_asked:
            return 0
        return min(max(seen.planned - seen.asked, 0), verification.MOST_KEPT)

    @property
    def is_compared(self) -> bool:
        """Whether what ships is counted from what its target runs now, and not from before."""
        ships = self.view.ships
        if ships is None or ships.relation is None:
            return False
        return ships.base_artifact == self.runs.artifact

    @property
    def more_words(self) -> int:
        """How many others must approve it once whoever asks did."""
        return max(self.view.needed - self.others - 1, 0)

    @property
    def also_waits(self) -> tuple[str, ...]:
        """The gates that object, too, once nobody must approve it any more."""
        objecting = (gate for gate in self.view.row.gates if gate["verdict"] in OBJECTS)
        return tuple(
            gate["name"]
            for gate in objecting
            if gate["name"] not in ANSWERED and not is_for_word(gate["facts"])
        )

    @property
    def gates(self) -> list[dict[str, Any]]:
        """Every verdict: what binds first, what else objects, then what passes."""
        binds = self.waits_for.gate if self.waits_for is not None else None
        return sorted(
            self.view.row.gates,
            key=lambda gate: (gate["name"] != binds, gate["verdict"] not in OBJECTS),
        )

    @property
    def is_asked_again(self) -> bool:
        """Whether something happened since its gates were asked, and they are asked anew."""
        row = self.view.row
        return row.status is Status.WAITING and bool(row.gates) and self.waits_for is None


def read(context: Context, promotion_id: str, asker: str) -> PromotionPage:
    """Return the page's facts. Heroku is not asked. Raises NotFound."""
    view = promotions.get(context, promotion_id)
    row = view.row
    with context.database.begin() as conn:
        question, now = approvals.question(conn, row), releases.now(conn)
        release = releases.find(conn, row.source_id, row.version)
        held = [hold for hold in open_(conn, row.target_id) if hold.value.is_in_force(now)]
        freed = _freed(context, conn, row)
        runs = lanes.running(conn, [row.target_id])[row.target_id]
        back = rollback_preview.foresee(conn, row, runs, view.ships)
        place = _place(conn, row, runs)
        is_shadow = row.rule_id is not None and rules.get(conn, row.rule_id).mode is Mode.SHADOW
    given = _given(view, question)
    others = given - {asker.casefold()}
    is_own = question.is_asked and row.is_of(asker) and not question.is_own_allowed
    aside = _aside(row, held)
    # Where a gate waits for a word on something else, an earlier yes was not said of that.
    is_said = len(others) < len(given) and not any(_asks_anew(gate) for gate in row.gates)
    return PromotionPage(
        view=view,
        description=release.description if release is not None else "",
        waits_for=binding(row.gates, row.reason) if row.status is Status.WAITING else None,
        acts=tuple(
            _acts(
                row,
                question,
                may_approve=not is_own and not is_said,
                aside=aside,
                freed=freed,
                back=back,
            )
        ),
        is_own=is_own,
        is_shadow=is_shadow,
        has_approved=is_said,
        others=len(others),
        seen=seen.name(view),
        aside=aside,
        holds=tuple(held),
        freed=freed,
        back=back,
        runs=runs,
        place=place,
        now=now,
    )


def _given(view: PromotionView, question: Question) -> set[str]:
    """Return whose yes counts."""
    given = {word.by.casefold() for word in view.approvals if word.is_approved}
    return given if question.is_own_allowed else given - {(view.row.author or "").casefold()}


def _asks_anew(gate: dict[str, Any]) -> bool:
    return gate["verdict"] in OBJECTS and is_for_word(gate["facts"])


def _place(conn: Connection, row: PromotionRow, runs: RunningRow) -> PlaceRow | None:
    if runs.artifact is None:
        return None
    way = row.source_id, row.target_id, runs.artifact
    return lanes.places(conn, [way]).get(row.target_id)


def _freed(context: Context, conn: Connection, row: PromotionRow) -> ReleaseForeseen | None:
    """Preview a release of the holds that stop it, or that it left behind."""
    is_stopped = row.status is Status.WAITING and row.kind is PromotionKind.PROMOTE
    if not is_stopped and row.status not in WENT_WRONG:
        return None
    return hold_release.foresee_stored(context, conn, apps.get(conn, row.target_id))


def _aside(row: PromotionRow, held: Sequence[HoldRow]) -> tuple[str, ...]:
    """Return the gates that object and that an admin may set aside."""
    if row.status is not Status.WAITING or row.kind is not PromotionKind.PROMOTE:
        return ()
    objecting = [gate["name"] for gate in row.gates if gate["verdict"] in OBJECTS]
    is_planned = all(hold.kind in MAY_BE_SET_ASIDE for hold in held)
    return tuple(
        name for name in objecting if name in SET_ASIDE and (name != HOLD.name or is_planned)
    )


def _acts(
    row: PromotionRow,
    question: Question,
    *,
    may_approve: bool,
    aside: Sequence[str],
    freed: ReleaseForeseen | None,
    back: RollbackForeseen | None,
) -> list[Act]:
    is_promote = row.kind is PromotionKind.PROMOTE
    possible = {
        Act.APPROVE: question.is_asked and may_approve,
        Act.REJECT: question.is_asked,
        Act.RETRY: row.status in RETRYABLE,
        Act.PROMOTE: is_promote and _may_go_by_hand(row),
        Act.RELEASE: freed is not None,
        Act.ROLL_BACK: back is not None,
        Act.OVERRIDE: bool(aside),
        Act.CANCEL: row.status is Status.WAITING,
    }
    return [act for act in Act if possible[act]]


def _may_go_by_hand(row: PromotionRow) -> bool:
    """Tell whether a new promotion by hand says more than a retry of this one."""
    return row.status in BY_HAND or (row.status is Status.CANCELLED and not row.is_by_hand)
