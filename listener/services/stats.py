"""The figures of how promoting goes, for the apps that whoever asks may see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from zoneinfo import ZoneInfo

from listener.core import figures
from listener.core.figures import Day, Judged, Period, Summary
from listener.db import apps, releases, rules
from listener.db import figures as stored
from listener.db.rules import RuleRow
from listener.inventory.context import Context
from listener.services import apps as named
from listener.services import rule_definition
from listener.services.views import Names

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Wish:
    """Which figures somebody wants: of an app or a rule, if given, over the last days."""

    app: str | None
    rule: str | None
    days: int
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Compared:
    """The figures of a time, and those of the time before."""

    now: Summary
    before: Summary


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of one app, or of one rule; without an id, of what went by hand."""

    id: str | None
    name: str
    figures: Compared


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsView:
    """All figures of a time: as a whole, by app, by rule, and by day."""

    period: Period
    whole: Compared
    apps: tuple[Group, ...]
    rules: tuple[Group, ...]
    days: tuple[Day, ...]
    note: str | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Which targets count: an app, those of a rule, or all that are no stage on the way."""

    app_id: str | None
    rule: RuleRow | None
    live: Sequence[RuleRow]

    @property
    def on_the_way(self) -> frozenset[str]:
        """The targets that count only where somebody asks for just them: they are sources too."""
        is_asked_for = self.app_id is not None or self.rule is not None
        return frozenset() if is_asked_for else frozenset(each.source_id for each in self.live)

    @property
    def targets(self) -> set[str]:
        """The apps to which something may have been released by others."""
        if self.app_id is not None:
            return {self.app_id}
        acting = self.live if self.rule is None else [self.rule]
        return {app_id for each in acting for app_id in each.target_ids} - self.on_the_way

    @property
    def beyond(self) -> set[str]:
        """The targets that an app's releases go to."""
        of_app = [each.target_ids for each in self.live if each.source_id == self.app_id]
        return {app_id for target_ids in of_app for app_id in target_ids}


BY_HAND = "by hand"


def read(context: Context, wish: Wish) -> StatsView:
    """Read and measure. Raises NotFound for a rule that is not there."""
    with context.database.begin() as conn:
        period = figures.period(releases.now(conn), days=wish.days, zone=wish.zone)
        rule = rule_definition.get(context, conn, wish.rule) if wish.rule is not None else None
        place = _Place(named.find_id(context, conn, wish.app), rule, rules.live(conn))
        since, scope = period.before.since, context.reach.sees
        changes = stored.changes(
            conn,
            since=since,
            app_id=place.app_id,
            rule_id=rule.id if rule is not None else None,
            but=place.on_the_way,
            scope=scope,
        )
        targets = place.targets | {each.app for each in changes}
        names = apps.names(conn, targets | place.beyond)
        seen = {app_id: name for app_id, name in names.items() if scope.has(name)}
        made = {(each.app, each.version) for each in changes}
        beside = stored.others(conn, targets & seen.keys(), since=since)
        others = [each for each in beside if (each.app, each.version) not in made]
        judged = figures.judge(changes, others)
        by_rule = {each.rule for each in changes if each.rule is not None}
        rule_names: dict[int | None, str] = {None: BY_HAND}
        rule_names.update(rules.names(conn, by_rule, scope=scope).items())
        return StatsView(
            period=period,
            whole=_compared(period, judged),
            apps=_groups(period, judged, lambda each: each.change.app, names),
            rules=_groups(period, judged, lambda each: each.change.rule, rule_names),
            days=figures.days_of(period, judged, others),
            note=_note(place, seen, is_cut=len(changes) == stored.MOST_CHANGES),
        )


def _compared(period: Period, judged: Collection[Judged]) -> Compared:
    now, before = (
        figures.summarize([each for each in judged if one.has(each.change.over_at)])
        for one in (period, period.before)
    )
    return Compared(now, before)


def _groups(
    period: Period,
    judged: Collection[Judged],
    key_of: Callable[[Judged], Key],
    names: Mapping[Key, str],
) -> tuple[Group, ...]:
    """Return the figures of each that has a name, by name; rules that are hidden have none."""
    found: dict[Key, list[Judged]] = defaultdict(list)
    for each in judged:
        found[key_of(each)].append(each)
    groups = [
        Group(str(key) if key is not None else None, names[key], _compared(period, of_it))
        for key, of_it in found.items()
        if key in names
    ]
    return tuple(sorted(groups, key=lambda group: (group.id is None, group.name)))


def _note(place: _Place, seen: Names, *, is_cut: bool) -> str | None:
    """Say what whoever asks might take for something else."""
    if is_cut:
        return f"Only the {stored.MOST_CHANGES} newest releases are counted."
    if beyond := sorted(seen[app_id] for app_id in place.beyond & seen.keys()):
        return f"Only releases to this app are counted. From there they go to {', '.join(beyond)}."
    return None
