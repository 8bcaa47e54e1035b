"""The lanes service: every pipeline on one page, in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection

from listener.core import lanes as tree
from listener.core.commits import Commit
from listener.core.gates.binding import Binding, binding
from listener.core.gates.registry import HOLD
from listener.core.lanes import Stop, Tone, lane_name, tone_of
from listener.core.promotion import ACTIVE, PromotionKind, Status
from listener.core.rule import Mode
from listener.db import apps, holds, lanes, releases, rules
from listener.db.holds import HoldRow
from listener.db.lanes import WELL_OR_WRONG, EndedRow, PlaceRow, RunningRow
from listener.db.promotions import PromotionRow
from listener.db.rules import RuleRow
from listener.inventory.context import Context
from listener.roles import Scope
from listener.services import presenters
from listener.services.presenters import Told

TODAY = SOON = timedelta(hours=24)
MOST_ENDED = 20
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Next:
    """What comes next on a target: a promotion that waits or is under way."""

    row: PromotionRow
    waits_for: Binding | None
    tone: Tone
    commit: Commit | None  # the newest that goes, where somebody told it
    is_own_allowed: bool  # whoever made the release may approve it

    @property
    def waits_for_hold(self) -> bool:
        """Whether it waits for a hold to end."""
        return self.waits_for is not None and self.waits_for.gate == HOLD.name

    @property
    def needs_somebody(self) -> bool:
        """Whether it waits for somebody's word or hand, and not for a hold to be released."""
        found = self.waits_for
        return found is not None and found.needs_person and not self.waits_for_hold

    @property
    def needs_word(self) -> bool:
        """Whether an approval lets it go on."""
        return self.waits_for is not None and self.waits_for.needs_word


@dataclass(frozen=True, slots=True)
class StopView:
    """An app of a lane: what it runs, what comes next, what stands in the way."""

    stop: Stop
    name: str
    runs: RunningRow
    commit: Commit | None  # that it runs, where somebody told it
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

    def short(self, app: str) -> str:
        """Return what the name of one of its apps adds to its own."""
        return app.removeprefix(f"{self.name}-")

    def is_like(self, words: str) -> bool:
        """Whether an app, a rule, a commit that runs or its author is named so, case aside."""
        wanted = words.casefold()
        return any(wanted in text.casefold() for stop in self.stops for text in _texts(stop))


@dataclass(frozen=True, slots=True)
class Lanes:
    """The page: lanes by name, holds on every target, and what ended in the last 24 hours."""

    lanes: tuple[Lane, ...]
    everywhere: tuple[HoldRow, ...]
    coming: tuple[HoldRow, ...]  # that begin within 24 hours
    ended: tuple[EndedRow, ...]
    commits: dict[str, Commit]  # by the source's release
    names: dict[str, str]
    now: datetime

    @property
    def stops(self) -> list[StopView]:
        """Every stop of every lane."""
        return [stop for lane in self.lanes for stop in lane.stops]

    @property
    def held(self) -> list[StopView]:
        """Where a hold of its own is in force."""
        return [stop for stop in self.stops if stop.holds]

    def like(self, words: str) -> Lanes:
        """Return the lanes in which these words are found, with all that is about them."""
        if not words:
            return self
        lanes = tuple(lane for lane in self.lanes if lane.is_like(words))
        ids = {stop.stop.app_id for lane in lanes for stop in lane.stops}
        return replace(
            self,
            lanes=lanes,
            coming=tuple(hold for hold in self.coming if hold.app_id in {None, *ids}),
            ended=tuple(row for row in self.ended if row.target_id in ids),
        )

    def count(self, *tones: Tone) -> int:
        """Count the stops whose next promotion is in such a state."""
        return sum(stop.next is not None and stop.next.tone in tones for stop in self.stops)


def _texts(stop: StopView) -> Iterator[str]:
    yield stop.name
    yield from (rule.name for rule in stop.rules)
    commits = [stop.commit, stop.next.commit if stop.next is not None else None]
    for commit in filter(None, commits):
        yield from (commit.sha, commit.subject, *commit.people)
    yield from filter(None, (stop.runs.commit, stop.runs.author, stop.runs.description))


def read(context: Context) -> Lanes:
    """Return the lanes whose apps whoever asks may see. Heroku is not asked."""
    scope = context.reach.sees
    with context.database.lend() as conn:
        live = rules.live(conn, scope=scope)
        return _lanes(conn, live, holds.open_(conn, scope=scope), scope)


def of_apps(conn: Connection, app_ids: Collection[str]) -> Lanes:
    """Return the lanes of these apps: of a lane that has others as well, these alone."""
    ids = set(app_ids)
    live = [
        replace(rule, targets=targets)
        for rule in rules.live(conn)
        if rule.source_id in ids
        and (targets := tuple(each for each in rule.targets if each.app_id in ids))
    ]
    open_ = [hold for hold in holds.open_(conn) if hold.app_id is None or hold.app_id in ids]
    return _lanes(conn, live, open_, Scope(tuple(apps.names(conn, ids).values())))


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
    waiting, ended = lanes.unfinished(conn, targets), lanes.ended(conn, targets, now - TODAY)
    # By hand something may come from an app that whoever asks may not see.
    sources = {row.source_id for row in waiting}
    sources |= {row.source_id for rows in ended.values() for row in rows}
    if strangers := sources - names.keys():
        names |= apps.names(conn, strangers)
    seen = {app_id for app_id, name in names.items() if scope.has(name)}
    of_rules = {row.rule_id for row in waiting}
    of_rules |= {row.rule_id for rows in ended.values() for row in rows}
    others = of_rules - {rule.id for rule in live}
    hidden = rules.hidden_names(conn, {each for each in others if each is not None}, scope=scope)
    waiting = _shown(waiting, seen, hidden)
    ended = {target: _shown(rows, seen, hidden) for target, rows in ended.items()}
    recent = _recent(ended, now)
    places = lanes.places(conn, _ways(found, runs))
    shown = {row.release_id for row in waiting} | {row.release_id for row in recent}
    shown |= {row.release_id for row in runs.values() if row.release_id is not None}
    shown |= {row.release_id for row in places.values() if row.release_id is not None}
    told = lanes.commits(conn, shown)
    facts = _Facts(
        runs=runs,
        places=places,
        rules=_by(acting, lambda rule: rule.source_id),
        waiting=_by(waiting, lambda row: row.target_id),
        ended=ended,
        holds=_by(in_force, lambda hold: hold.app_id),
        commits=told,
        names=names,
    )
    made = (tuple(facts.view(stop) for stop in lane) for lane in found)
    known = {None, *ids}
    return Lanes(
        lanes=tuple(Lane(lane_name([stop.name for stop in stops]), stops) for stops in made),
        everywhere=tuple(hold for hold in in_force if hold.app_id is None),
        coming=tuple(hold for hold in open_ if _is_coming(hold, now) and hold.app_id in known),
        ended=tuple(recent),
        commits=told,
        names=names,
        now=now,
    )


def _by(rows: Iterable[Row], key: Callable[[Row], str | None]) -> dict[str | None, list[Row]]:
    found: dict[str | None, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def _shown(rows: Iterable[Told], seen: Collection[str], hidden: dict[int, str]) -> list[Told]:
    """Keep what comes from these apps, without the names of rules that are hidden."""
    found = (row for row in rows if row.source_id in seen)
    return [presenters.without(row, hidden.get(row.rule_id or 0)) for row in found]


def _recent(ended: dict[str, list[EndedRow]], now: datetime) -> list[EndedRow]:
    """Return what ended in the last 24 hours, the last one first."""
    found = [row for rows in ended.values() for row in rows if row.ended_at > now - TODAY]
    return sorted(found, key=lambda row: row.ended_at, reverse=True)[:MOST_ENDED]


def _is_coming(hold: HoldRow, now: datetime) -> bool:
    return hold.starts_at is not None and now < hold.starts_at < now + SOON


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
    rules: dict[str | None, list[RuleRow]]  # by the source
    waiting: dict[str | None, list[PromotionRow]]  # by the target
    ended: dict[str, list[EndedRow]]
    holds: dict[str | None, list[HoldRow]]  # by the app
    commits: dict[str, Commit]
    names: dict[str, str]

    def view(self, stop: Stop) -> StopView:
        """Put together what is known of one stop."""
        mine = self.waiting.get(stop.app_id, [])
        first = next((row for row in mine if row.status in ACTIVE), mine[0] if mine else None)
        runs, place = self.runs[stop.app_id], self.places.get(stop.app_id)
        release_id = (place.release_id if place is not None else None) or runs.release_id
        return StopView(
            stop=stop,
            name=self.names[stop.app_id],
            runs=runs,
            commit=self.commits.get(release_id or ""),
            source_runs=self.runs[stop.source_id].artifact if stop.source_id else None,
            place=place,
            rules=tuple(self.rules.get(stop.app_id, ())),
            next=self._next(first) if first is not None else None,
            more=max(len(mine) - 1, 0),
            holds=tuple(self.holds.get(stop.app_id, ())),
            last=_went_wrong(self.ended.get(stop.app_id, []), first),
        )

    def _next(self, row: PromotionRow) -> Next:
        found = binding(row.gates, row.reason) if row.status is Status.WAITING else None
        rule = next((each for each in self.rules.get(row.source_id, ()) if _obeys(row, each)), None)
        return Next(
            row,
            found,
            tone_of(row.status, found),
            commit=self.commits.get(row.release_id),
            is_own_allowed=rule is None or rule.conditions.self_approval,
        )


def _obeys(row: PromotionRow, rule: RuleRow) -> bool:
    """Return whether it is the promotion's rule; by hand, one of the same way."""
    return rule.id == row.rule_id or (row.is_by_hand and row.target_id in rule.target_ids)


def _went_wrong(ended: Sequence[EndedRow], first: PromotionRow | None) -> EndedRow | None:
    """Return what went wrong last, unless something is under way after it or went well."""
    last = next((row for row in ended if row.status in WELL_OR_WRONG), None)
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
