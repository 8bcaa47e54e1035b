"""The lanes service: every pipeline on one page, in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from listener.core import lanes as tree
from listener.core.gates.binding import Binding, binding
from listener.core.gates.review import WENT_WRONG
from listener.core.lanes import Stop, Tone, lane_name, tone_of
from listener.core.promotion import ACTIVE, PromotionKind, Status
from listener.core.rule import Mode
from listener.db import apps, holds, lanes, releases, rules
from listener.db.holds import HoldRow
from listener.db.lanes import EndedRow, PlaceRow, RunningRow
from listener.db.promotions import PromotionRow
from listener.db.rules import RuleRow
from listener.inventory.context import Context
from listener.roles import Scope

TODAY = timedelta(hours=24)
MOST_ENDED = 20


@dataclass(frozen=True, slots=True)
class Next:
    """What comes next on a target: a promotion that waits or is under way."""

    row: PromotionRow
    waits_for: Binding | None
    tone: Tone

    @property
    def needs_word(self) -> bool:
        """Whether it waits for somebody's word, and not for a hold to be released."""
        found = self.waits_for
        return found is not None and found.needs_person and found.gate != "hold"


@dataclass(frozen=True, slots=True)
class StopView:
    """An app of a lane: what it runs, what comes next, what stands in the way."""

    stop: Stop
    name: str
    runs: RunningRow
    source_runs: str | None  # the artifact
    place: PlaceRow | None  # of what it runs, among its source's releases
    rules: tuple[RuleRow, ...]  # that promote from here
    next: Next | None
    more: int  # that wait behind it
    holds: tuple[HoldRow, ...]  # in force on this very app
    last: EndedRow | None  # where it went wrong and nothing came after it

    @property
    def is_same(self) -> bool:
        """Whether it runs what its source runs, and nothing is to come."""
        is_level = self.stop.source_id is None or self.runs.artifact == self.source_runs
        return is_level and self.next is None and not self.holds and self.last is None


@dataclass(frozen=True, slots=True)
class Lane:
    """A source with all that its releases go to."""

    name: str
    stops: tuple[StopView, ...]

    @property
    def is_quiet(self) -> bool:
        """Whether every target runs what its source runs."""
        return all(stop.is_same for stop in self.stops)


@dataclass(frozen=True, slots=True)
class Lanes:
    """The page: lanes by name, holds on every target, and what ended in the last 24 hours."""

    lanes: tuple[Lane, ...]
    everywhere: tuple[HoldRow, ...]
    ended: tuple[EndedRow, ...]
    names: dict[str, str]
    now: datetime

    @property
    def stops(self) -> list[StopView]:
        """Every stop of every lane."""
        return [stop for lane in self.lanes for stop in lane.stops]

    @property
    def wrong(self) -> list[StopView]:
        """Where something went wrong that nothing followed."""
        return [stop for stop in self.stops if stop.last is not None]

    @property
    def asking(self) -> list[StopView]:
        """Where a promotion waits for somebody's word, by when that ends."""
        found = [stop for stop in self.stops if stop.next is not None and stop.next.needs_word]
        return sorted(found, key=_deadline)

    @property
    def held(self) -> list[StopView]:
        """Where a hold of its own is in force."""
        return [stop for stop in self.stops if stop.holds]

    def count(self, *tones: Tone) -> int:
        """Count the stops whose next promotion is in such a state."""
        return sum(stop.next is not None and stop.next.tone in tones for stop in self.stops)


def _deadline(stop: StopView) -> float:
    until = (
        stop.next.waits_for.until
        if stop.next is not None and stop.next.waits_for is not None
        else None
    )
    return until.timestamp() if until is not None else float("inf")


def read(context: Context) -> Lanes:
    """Return the lanes whose apps whoever asks may see. Heroku is not asked."""
    scope = context.reach.sees
    with context.database.begin() as conn:
        live = rules.live(conn, scope=scope)
        return _lanes(conn, live, holds.open_(conn, scope=scope), scope)


def _lanes(
    conn: Connection, live: Sequence[RuleRow], open_: Sequence[HoldRow], scope: Scope
) -> Lanes:
    now = releases.now(conn)
    acting = [rule for rule in live if rule.mode is not Mode.OFF] or list(live)
    routes = [(rule.source_id, target) for rule in acting for target in rule.target_ids]
    ids = {each for route in routes for each in route}
    runs = lanes.running(conn, ids)
    names = {app_id: row.name for app_id, row in runs.items()}
    found = tree.lanes(routes, names)
    in_force = [hold for hold in open_ if hold.value.is_in_force(now)]
    targets = [stop.app_id for lane in found for stop in lane if stop.source_id is not None]
    waiting, ended = lanes.unfinished(conn, targets), lanes.ended(conn, targets)
    # By hand something may come from an app that whoever asks may not see.
    sources = {row.source_id for row in waiting}
    sources |= {row.source_id for rows in ended.values() for row in rows}
    names |= apps.names(conn, sources - names.keys())
    seen = {app_id for app_id, name in names.items() if scope.has(name)}
    facts = _Facts(
        runs=runs,
        places=lanes.places(conn, _ways(found, runs)),
        rules=acting,
        waiting=[row for row in waiting if row.source_id in seen],
        ended={
            target: [row for row in rows if row.source_id in seen] for target, rows in ended.items()
        },
        holds=in_force,
        names=names,
    )
    made = (tuple(facts.view(stop) for stop in lane) for lane in found)
    recent = sorted(
        (row for rows in facts.ended.values() for row in rows if row.ended_at > now - TODAY),
        key=lambda row: row.ended_at,
        reverse=True,
    )
    return Lanes(
        lanes=tuple(Lane(lane_name([stop.name for stop in stops]), stops) for stops in made),
        everywhere=tuple(hold for hold in in_force if hold.app_id is None),
        ended=tuple(recent[:MOST_ENDED]),
        names=names,
        now=now,
    )


def _ways(
    found: Sequence[Sequence[Stop]], runs: dict[str, RunningRow]
) -> list[tuple[str, str, str]]:
    return [
        (stop.source_id, stop.app_id, artifact)
        for lane in found
        for stop in lane
        if stop.source_id is not None and (artifact := runs[stop.app_id].artifact)
    ]


@dataclass(frozen=True, slots=True)
class _Facts:
    """All that was read for the page."""

    runs: dict[str, RunningRow]
    places: dict[str, PlaceRow]
    rules: Sequence[RuleRow]
    waiting: Sequence[PromotionRow]
    ended: dict[str, list[EndedRow]]
    holds: Sequence[HoldRow]
    names: dict[str, str]

    def view(self, stop: Stop) -> StopView:
        """Put together what is known of one stop."""
        mine = [row for row in self.waiting if row.target_id == stop.app_id]
        first = next((row for row in mine if row.status in ACTIVE), mine[0] if mine else None)
        return StopView(
            stop=stop,
            name=self.names[stop.app_id],
            runs=self.runs[stop.app_id],
            source_runs=self.runs[stop.source_id].artifact if stop.source_id else None,
            place=self.places.get(stop.app_id),
            rules=tuple(rule for rule in self.rules if rule.source_id == stop.app_id),
            next=_next(first) if first is not None else None,
            more=max(len(mine) - 1, 0),
            holds=tuple(hold for hold in self.holds if hold.app_id == stop.app_id),
            last=_went_wrong(self.ended.get(stop.app_id, []), first),
        )


def _next(row: PromotionRow) -> Next:
    found = binding(row.gates, row.reason) if row.status is Status.WAITING else None
    return Next(row, found, tone_of(row.status, found))


def _went_wrong(ended: Sequence[EndedRow], first: PromotionRow | None) -> EndedRow | None:
    """Return what went wrong last, unless something is under way after it or went well."""
    last = next((row for row in ended if row.status in {*WENT_WRONG, Status.SUCCEEDED}), None)
    if (
        last is None
        or last.status is Status.SUCCEEDED
        or (first is not None and first.status in ACTIVE)
    ):
        return None
    # A rollback by hand that was done went well.
    return (
        None if last.kind is PromotionKind.ROLLBACK and last.status is Status.ROLLED_BACK else last
    )
