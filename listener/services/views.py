"""What services answer with: rows, with the names and numbers that people want to see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from listener.core.backtest import Result
from listener.core.gates.base import Approval
from listener.core.promotion import Status
from listener.core.release import Kind, Release
from listener.core.rule import Strategy
from listener.core.shown import Shown
from listener.db.commit_blocks import BlockRow
from listener.db.holds import HoldRow
from listener.db.promotions import PromotionRow
from listener.db.queries import DeliveryRow, Moment
from listener.db.rules import RuleRow
from listener.db.subscriptions import SubscriptionRow
from listener.services.rule_definition import FieldChange
from listener.services.troubles import TroubleView

Names = Mapping[str, str]  # of apps, by id


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule, with the names of its apps."""

    row: RuleRow
    names: Names
    strategy: Strategy  # what it comes to, which may be other than what was declared
    strategy_note: str | None = None  # why
    notify: tuple[str, ...] = ()  # who is told, without what is secret
    events_to: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()  # what may surprise
    cancelled: tuple[int, ...] = ()  # the promotions that ended with it


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """A subscription, with what can be said of its health."""

    row: SubscriptionRow
    app_name: str
    is_healthy: bool | None
    health: str


@dataclass(frozen=True, slots=True)
class PromotionView:
    """A promotion, with its rule's name and the nonce of its last post."""

    row: PromotionRow
    names: Names
    rule_name: str | None  # none, too, where whoever asks may not see the rule
    nonce: str | None
    approvals: tuple[Approval, ...]
    needed: int  # how many people must approve it
    timeline: tuple[Moment, ...] | None = None  # only where one promotion is asked for
    ships: Shown | None = None  # none for one that an older listener made


@dataclass(frozen=True, slots=True)
class PastRelease:
    """A release of a target, with the commit of its code, and who brought that when."""

    version: int
    commit: str | None
    author: str | None
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class RollbackView:
    """A rollback: where it goes, what it leaves, and the command that undoes it, if one can."""

    promotion: PromotionView
    to: PastRelease
    left: int | None
    undo: str | None


@dataclass(frozen=True, slots=True)
class HoldView:
    """A hold, with its app's name; without one it is on every target but those left out."""

    row: HoldRow
    app_name: str | None
    but: tuple[tuple[str, str], ...] = ()  # id and name of each app that is left out

    @property
    def place(self) -> str:
        """What it is on, at the head of a sentence."""
        if self.app_name is not None or not self.but:
            return self.app_name or "Every target"
        return f"Every target but {', '.join(name for _, name in self.but)}"


@dataclass(frozen=True, slots=True)
class HoldPut:
    """A new hold, and the promotions that it came too late for."""

    hold: HoldView
    too_late_for: tuple[int, ...]
    message: str


@dataclass(frozen=True, slots=True)
class BlockView:
    """A blocked commit, with its app's name; without one it is blocked on every app."""

    row: BlockRow
    app_name: str | None

    @property
    def place(self) -> str:
        """What it is blocked on."""
        return self.app_name or "every app"


@dataclass(frozen=True, slots=True)
class BlockPut:
    """A new block of a commit, and the promotions that it came too late for."""

    block: BlockView
    too_late_for: tuple[int, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Next:
    """What goes to a target now that its hold is released."""

    app_id: str
    app_name: str
    promotion: PromotionView | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """A promotion that waits for a held target: whether it goes by itself once that is free."""

    promotion: PromotionView
    goes: bool
    needs_word: bool  # somebody must approve it, for it was made before the target was moved
    made_at: datetime | None  # its source release
    than: Release | None  # for which the target was held, else what it runs, to compare it with
    message: str

    @property
    def is_older(self) -> bool | None:
        """Whether it was made before that release of the target; None where that is not known."""
        if self.made_at is None or self.than is None or self.than.created_at is None:
            return None
        return self.made_at <= self.than.created_at


@dataclass(frozen=True, slots=True)
class Freed:
    """What would become of all that waits for a target; `still` is why nothing goes yet."""

    app_id: str
    app_name: str
    waiting: tuple[Going, ...]
    still: str | None

    @property
    def going(self) -> list[Going]:
        """What would go."""
        return [] if self.still is not None else [each for each in self.waiting if each.goes]


@dataclass(frozen=True, slots=True)
class ReleaseForeseen:
    """What a release of holds comes to; nothing is released."""

    holds: tuple[HoldView, ...]
    planned: tuple[HoldView, ...]
    freed: tuple[Freed, ...]
    note: str  # what could not be read

    @property
    def going(self) -> frozenset[int]:
        """The promotions that would go."""
        return frozenset(each.promotion.row.id for item in self.freed for each in item.going)

    @property
    def message(self) -> str:
        """What it comes to, in a sentence a target."""
        return (
            " ".join(filter(None, [self.note, *map(_of_freed, self.freed)]))
            or "Nothing waits for any target."
        )


def _of_freed(item: Freed) -> str:
    if item.still is not None:
        return f"Still, {item.still}."
    said = " ".join(each.message for each in item.waiting)
    return said or f"Nothing waits for {item.app_name}."


@dataclass(frozen=True, slots=True)
class HoldsReleased:
    """The holds that were released, those that are to come still, and what goes next."""

    released: tuple[HoldView, ...]
    planned: tuple[HoldView, ...]
    next: tuple[Next, ...]
    cancelled: tuple[PromotionView, ...]
    message: str


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A delivery, with its app's name."""

    row: DeliveryRow
    app_name: str | None


@dataclass(frozen=True, slots=True)
class RuleExplanation:
    """What one rule says of a release for one target."""

    rule_id: int
    rule_name: str
    target_id: str
    target_name: str
    says: str
    promotion_id: int | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What every rule and gate said of a release."""

    app_id: str
    app_name: str
    release: Release
    kind: Kind
    commit: str | None
    summary: str
    deliveries: tuple[DeliveryView, ...]
    promotions: tuple[PromotionView, ...]
    sayings: tuple[RuleExplanation, ...]
    troubles: tuple[TroubleView, ...] = ()


@dataclass(frozen=True, slots=True)
class BacktestView:
    """What would have become of a release on one target, and why."""

    source_id: str
    source_name: str
    target_id: str
    target_name: str
    result: Result
    message: str

    @property
    def would_have_gone(self) -> bool:
        """Whether it would have been promoted."""
        return self.result.status is Status.SHADOWED


@dataclass(frozen=True, slots=True)
class ForecastChange:
    """How a release fares on a target, under the rule as it stands and as changed; one may lack."""

    before: BacktestView | None
    after: BacktestView | None

    @property
    def either(self) -> BacktestView:
        """Whichever there is, the changed one first."""
        view = self.after or self.before
        assert view is not None  # noqa: S101 - a release is here because one of them played it
        return view

    @property
    def is_told(self) -> bool:
        """Whether history tells enough to say what becomes of it under either rule."""
        return all(v.result.is_told for v in (self.before, self.after) if v is not None)

    @property
    def differs(self) -> bool:
        """Whether it fares otherwise; also true where one is missing or history cannot tell."""
        if self.before is None or self.after is None or not self.is_told:
            return True
        was, is_ = self.before.result, self.after.result
        return (was.status, was.at, was.unanswered) != (is_.status, is_.at, is_.unanswered)


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial of a changed rule: the fields that change, and how releases would have fared."""

    rule_id: int | None
    rule_name: str
    changes: tuple[FieldChange, ...]
    results: tuple[ForecastChange, ...]
    message: str
