"""What the pages of rules show: all of them in a fixed number of statements, or one whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from listener.core.openings import Openings
from listener.core.rule import Mode
from listener.db import apps, holds, last_promotions, releases, rules
from listener.db.holds import HoldRow
from listener.db.last_promotions import LastRow
from listener.db.rules import RevisionRow, RuleRow
from listener.errors import NotFound
from listener.inventory.context import Context
from listener.roles import Scope
from listener.services import apps as known
from listener.services import presenters, rule_definition
from listener.services.views import Names, RuleView

MOST_LISTED = 100
MOST_REVISIONS = 50
HIDDEN = "an app that you may not see"


@dataclass(frozen=True, slots=True)
class Way:
    """The targets of a rule on which the same holds are, and when promotions to them may go."""

    targets: tuple[str, ...]  # by name
    target_ids: tuple[str, ...]
    openings: Openings
    holds: tuple[HoldRow, ...]
    opens_at: datetime | None
    open_until: datetime | None

    def is_open(self, now: datetime) -> bool:
        """Return whether promotions may go now."""
        return self.opens_at is not None and self.opens_at <= now

    @property
    def is_held(self) -> bool:
        """Whether a hold stands until somebody releases it."""
        return any(hold.ends_at is None for hold in self.holds)

    @property
    def is_unreadable(self) -> bool:
        """Whether this version cannot read one of the rule's conditions, which is never met."""
        return bool(self.openings.conditions.unreadable)

    @property
    def why_shut(self) -> str:
        """Why no opening is in sight."""
        if self.is_unreadable:
            return "nothing goes: a condition cannot be read"
        if self.is_held:
            return "nothing goes until the hold is released"
        return (
            "no opening is in sight: windows, closed times and freezes leave no time in two weeks"
        )


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule in the list."""

    row: RuleRow
    source: str
    targets: tuple[str, ...]
    last: LastRow | None
    ways: tuple[Way, ...]  # none where the rule is off

    @property
    def next(self) -> Way | None:
        """The way that opens first."""
        known = [(way.opens_at, place) for place, way in enumerate(self.ways) if way.opens_at]
        return self.ways[min(known)[1]] if known else next(iter(self.ways), None)


@dataclass(frozen=True, slots=True)
class RuleList:
    """The rules that one may see, by name."""

    lines: tuple[RuleLine, ...]
    has_more: bool
    now: datetime


def list_(context: Context, *, app: str | None) -> RuleList:
    """Return the rules, by name; with an app, those that name it as source or target."""
    with context.database.begin() as conn:
        scope = context.reach.sees
        app_id = known.find_id(context, conn, app)
        found = rules.live(conn, app_id=app_id, scope=scope, limit=MOST_LISTED + 1)
        rows = found[:MOST_LISTED]
        lines = _lines(conn, rows, scope)
        return RuleList(lines, len(found) > len(rows), releases.now(conn))


def _lines(conn: Connection, rows: Sequence[RuleRow], scope: Scope) -> tuple[RuleLine, ...]:
    names = apps.names(conn, {app for row in rows for app in (row.source_id, *row.target_ids)})
    made = last_promotions.last(conn, [row.id for row in rows])
    open_, now = holds.open_(conn, scope=scope), releases.now(conn)
    return tuple(
        RuleLine(
            row,
            names[row.source_id],
            tuple(names[target] for target in row.target_ids),
            made.get(row.id),
            _ways(row, names, open_, now) if row.acts else (),
        )
        for row in sorted(rows, key=lambda row: row.name)
    )


def _ways(row: RuleRow, names: Names, open_: Sequence[HoldRow], now: datetime) -> tuple[Way, ...]:
    """Put the targets with the same holds together, in their order."""
    holds_of = {
        target: tuple(hold for hold in open_ if hold.is_on(target)) for target in row.target_ids
    }
    same: dict[tuple[Any, ...], list[str]] = {}
    for target, mine in holds_of.items():
        same.setdefault(tuple(map(_alike, mine)), []).append(target)
    return tuple(
        _way(row, {each: names[each] for each in targets}, holds_of[targets[0]], now)
        for targets in same.values()
    )


def _alike(hold: HoldRow) -> tuple[Any, ...]:
    """Return what is alike in a freeze of several apps, which is a hold on each."""
    if hold.ends_at is None:  # somebody releases it by itself
        return (hold.id,)
    return hold.plan


def _way(row: RuleRow, targets: Names, mine: tuple[HoldRow, ...], now: datetime) -> Way:
    openings = Openings(row.conditions, tuple(hold.value for hold in mine))
    opens_at = openings.next(now)
    is_open = opens_at is not None and opens_at <= now
    until = openings.until(now) if is_open else None
    return Way(tuple(targets.values()), tuple(targets), openings, mine, opens_at, until)


@dataclass(frozen=True, slots=True)
class Revision:
    """A rule as it was declared; its targets are names, as far as one may see them."""

    row: RevisionRow
    declared: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RulePage:
    """A rule with all that there is to say of it."""

    view: RuleView
    ways: tuple[Way, ...]
    last: LastRow | None
    revisions: tuple[Revision, ...]  # newest first
    apps: tuple[str, ...]  # the names of all apps that the rule ever named; some may be hidden
    now: datetime

    @property
    def source(self) -> str:
        """The name of the app that releases come from."""
        return self.view.names[self.view.row.source_id]

    @property
    def is_off(self) -> bool:
        """Whether it does nothing."""
        return self.view.row.mode is Mode.OFF


@dataclass(frozen=True, slots=True)
class RuleCalendar:
    """When a rule's promotions may go, for the targets with the same holds."""

    row: RuleRow
    ways: tuple[Way, ...]
    names: Names
    now: datetime


def calendar(context: Context, name_or_id: str) -> RuleCalendar:
    """Return the calendar of a rule, off or not. Raises NotFound."""
    with context.database.begin() as conn:
        row = rule_definition.get(context, conn, name_or_id)
        names, now = apps.names(conn, row.target_ids), releases.now(conn)
        open_ = holds.open_(conn, scope=context.reach.sees)
        return RuleCalendar(row, _ways(row, names, open_, now), names, now)


def find_id(context: Context, name_or_id: str) -> int:
    """Return the id of a rule. Raises NotFound."""
    with context.database.begin() as conn:
        return rule_definition.get(context, conn, name_or_id).id


def read(context: Context, rule_id: str) -> RulePage:
    """Return the page's facts. Raises NotFound."""
    scope = context.reach.sees
    with context.database.begin() as conn:
        row = rule_definition.get(context, conn, rule_id)
        if str(row.id) != rule_id:
            raise NotFound("rule", "Couldn't find that rule.")
        view = presenters.of_rules(conn, [row], scope)[0]
        now = releases.now(conn)
        past = rules.revisions(conn, row.id, limit=MOST_REVISIONS)
        named = apps.names(conn, {row.source_id, *row.target_ids, *_ids_of(past)})
        seen = {id: name for id, name in named.items() if scope.has(name)}
        return RulePage(
            view,
            _ways(row, view.names, holds.open_(conn, scope=scope), now),
            last_promotions.last(conn, [row.id]).get(row.id),
            tuple(_revision(each, seen) for each in past),
            tuple(named.values()),
            now,
        )


def _ids_of(past: Sequence[RevisionRow]) -> set[str]:
    return {target["id"] for each in past for target in each.declared.get("targets", ())}


def _revision(row: RevisionRow, names: Names) -> Revision:
    targets = [names.get(each["id"], HIDDEN) for each in row.declared.get("targets", ())]
    return Revision(row, {**row.declared, "targets": targets})
