"""What of the lanes needs whoever looks at them, and what needs somebody else, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from listener.db.holds import HoldRow
from listener.db.promotions import PromotionRow
from listener.roles import Scope
from listener.services.freezes import FREEZE
from listener.services.lanes import Lanes, StopView


class Kind(StrEnum):
    """What somebody has to do, the most urgent first."""

    LOOK = "look"  # at what went wrong
    WORD = "word"  # say yes or no to a promotion
    HAND = "hand"  # change something that stands in its way
    HOLD = "hold"  # release a hold, when it is time


@dataclass(frozen=True, slots=True)
class Need:
    """Something at a stop that ends only by a person."""

    kind: Kind
    stop: StopView
    hold: HoldRow | None  # on the app, where it is about one, or what went wrong left one
    why_not: str | None  # whoever looks cannot do it; None where it needs that very person

    @property
    def until(self) -> datetime | None:
        """When it is too late, where that is known."""
        if self.kind is Kind.HOLD:
            return self.hold.ends_at if self.hold is not None else None
        waits_for = self.stop.next.waits_for if self.stop.next is not None else None
        return waits_for.until if waits_for is not None and self.kind is not Kind.LOOK else None


@dataclass(frozen=True, slots=True)
class Needs:
    """What needs a person, parted by whether it is the one who looks."""

    mine: tuple[Need, ...]
    others: tuple[Need, ...]

    @property
    def every(self) -> tuple[Need, ...]:
        """All of it."""
        return self.mine + self.others


@dataclass(frozen=True, slots=True)
class Freeze:
    """A planned time without promotions, for one app or for many."""

    hold: HoldRow
    apps: tuple[str, ...]  # their names; none: every target
    is_coming: bool
    waiting: int  # promotions that wait for it to end


def needs(found: Lanes, asker: str, acts_on: Scope) -> Needs:
    """Part what needs somebody; `acts_on` are the apps for which the asker is an approver."""
    every = [_judged(kind, stop, hold, asker, acts_on) for kind, stop, hold in _all(found)]
    every.sort(key=_urgency)
    return Needs(
        tuple(each for each in every if each.why_not is None),
        tuple(each for each in every if each.why_not is not None),
    )


def freezes(found: Lanes) -> list[Freeze]:
    """Return the freezes that are in force and those of the next 24 hours, soonest first.

    A hold on every target is one, too. Freezes of many apps that were planned together are one.
    """
    planned = [hold for stop in found.stops for hold in stop.holds if hold.kind == FREEZE]
    together: dict[tuple[object, ...], list[HoldRow]] = {}
    for hold in (*found.everywhere, *planned, *found.coming):
        same = (hold.app_id is None, *hold.plan)
        together.setdefault(same, []).append(hold)
    made = (_freeze(found, holds) for holds in together.values())
    return sorted(made, key=lambda each: (each.is_coming, each.hold.starts_at or found.now))


def _freeze(found: Lanes, holds: list[HoldRow]) -> Freeze:
    ids = {hold.app_id for hold in holds if hold.app_id is not None}
    names = sorted(found.names[app_id] for app_id in ids)
    left_out = set(holds[0].but or ())
    waiting = sum(
        stop.next is not None and stop.next.waits_for_hold
        for stop in found.stops
        if stop.stop.app_id not in left_out and (not ids or stop.stop.app_id in ids)
    )
    starts_at = holds[0].starts_at
    is_coming = starts_at is not None and starts_at > found.now
    return Freeze(holds[0], tuple(names), is_coming, 0 if is_coming else waiting)


def _all(found: Lanes) -> Iterator[tuple[Kind, StopView, HoldRow | None]]:
    for stop in found.stops:
        own = [hold for hold in stop.holds if hold.kind != FREEZE]
        if stop.last is not None:
            yield Kind.LOOK, stop, own[0] if own else None
        else:
            yield from ((Kind.HOLD, stop, hold) for hold in own)
        if stop.next is not None and stop.next.needs_somebody:
            yield (Kind.WORD if stop.next.needs_word else Kind.HAND), stop, None


def _judged(kind: Kind, stop: StopView, hold: HoldRow | None, asker: str, acts_on: Scope) -> Need:
    if not acts_on.has(stop.name):
        return Need(kind, stop, hold, f"it needs an approver of {stop.name}")
    row = stop.next.row if kind is Kind.WORD and stop.next is not None else None
    return Need(kind, stop, hold, _why_no_word(stop, row, asker) if row is not None else None)


def _why_no_word(stop: StopView, row: PromotionRow, asker: str) -> str | None:
    """Say why this approver's yes would not help; None where it would."""
    if asker.casefold() in map(str.casefold, _approved_by(row)):
        return "you approved it: it needs somebody else, too"
    is_own = row.is_of(asker)
    if is_own and stop.next is not None and not stop.next.is_own_allowed:
        return "it is your own release: somebody else must approve it"
    return None


def _approved_by(row: PromotionRow) -> Iterable[str]:
    return (who for gate in row.gates for who in gate.get("facts", {}).get("approved_by", ()))


def _urgency(need: Need) -> tuple[int, float, str]:
    until = need.until.timestamp() if need.until is not None else float("inf")
    return list(Kind).index(need.kind), until, need.stop.name
