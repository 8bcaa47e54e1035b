"""A rule as it is to be saved: what is refused, and what a change of it begins anew."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from listener import notifier
from listener.core.app import App
from listener.core.gates import options
from listener.core.gates.options import BadCondition, Conditions
from listener.core.promotion_events import receiver
from listener.core.rule import Mode, OnNewer, Route, RuleRefused, Strategy, check_route
from listener.crypto import Cipher
from listener.db import apps, rules
from listener.db.rules import RuleRow, RuleTarget, Service
from listener.db.tables import rule_receiver
from listener.errors import Conflict, Invalid, NotFound
from listener.inventory import receivers
from listener.inventory.context import Context
from listener.notifier import BadService
from listener.roles import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRule:
    """A rule as a person asks for it; apps by name or id."""

    name: str
    source: str
    targets: tuple[str, ...]
    mode: Mode = Mode.ARMED
    strategy: Strategy = Strategy.SLUG
    on_newer: OnNewer = OnNewer.SUPERSEDE
    conditions: Mapping[str, Any] = field(default_factory=dict)  # as `conditions.parse` reads them
    notify: tuple[str, ...] = field(default=(), repr=False)  # URLs, which hold secrets
    events_to: tuple[str, ...] = field(default=(), repr=False)  # and these
    reason: str | None = None  # why, for whoever reads its revisions


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """What a person wants changed; None leaves a thing as it is."""

    name: str | None = None
    targets: tuple[str, ...] | None = None
    mode: Mode | None = None
    strategy: Strategy | None = None
    on_newer: OnNewer | None = None
    conditions: Mapping[str, Any] = field(default_factory=dict)  # None in it takes one away
    notify: tuple[str, ...] | None = field(default=None, repr=False)
    events_to: tuple[str, ...] | None = field(default=None, repr=False)
    reason: str | None = None  # why

    @property
    def plain(self) -> dict[str, Any]:
        """The new values, apart from targets, conditions and services."""
        wanted = {name: getattr(self, name) for name in ("name", "mode", "strategy", "on_newer")}
        return {name: value for name, value in wanted.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDefinition:
    """A rule as it is to stand, with its apps as Heroku knows them."""

    name: str
    source: App
    targets: tuple[App, ...]
    mode: Mode
    strategy: Strategy
    on_newer: OnNewer
    conditions: Conditions = options.NONE
    notify: tuple[Service, ...] = ()
    events_to: tuple[Service, ...] = ()

    @property
    def target_ids(self) -> frozenset[str]:
        """The apps it promotes to."""
        return frozenset(app.id for app in self.targets)

    @property
    def names(self) -> dict[str, str]:
        """The names of its apps by id."""
        return {app.id: app.name for app in (self.source, *self.targets)}

    @property
    def route(self) -> Route:
        """Where releases come from and where they go."""
        return Route(self.name, self.source.id, tuple(sorted(self.target_ids)))

    @property
    def wants_commits(self) -> bool:
        """Whether it acts and needs to know every commit that ships."""
        return self.mode is not Mode.OFF and self.conditions.needs_commits

    @property
    def values(self) -> dict[str, Any]:
        """The values of the rule's own row."""
        return {
            "name": self.name,
            "mode": self.mode,
            "strategy": self.strategy,
            "on_newer": self.on_newer,
            "conditions": self.conditions.as_json(),
            "source_id": self.source.id,
        }

    @property
    def as_told(self) -> dict[str, Any]:
        """The rule in the words of its file; conditions where they differ from the defaults."""
        return {
            "from": self.source.name,
            "to": [app.name for app in self.targets],
            "mode": str(self.mode),
            "strategy": str(self.strategy),
            "on_newer": str(self.on_newer),
            **self.conditions.as_json(),
            **self._told,
        }

    @property
    def _told(self) -> dict[str, Any]:
        told = {"notify": self.notify, "events_to": self.events_to}
        return {name: [each.shown for each in found] for name, found in told.items() if found}

    def as_json(self, targets: Iterable[RuleTarget]) -> dict[str, Any]:
        """Return the rule as revisions and audit entries store it."""
        return {
            "name": self.name,
            "mode": self.mode,
            "strategy": self.strategy,
            "on_newer": self.on_newer,
            **self.conditions.as_json(),
            **self._told,
            "source": {"id": self.source.id, "name": self.source.name},
            "targets": [
                {"id": t.app_id, "name": self.names[t.app_id], "baseline": t.baseline}
                for t in targets
            ],
        }


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a rule, before and after; None where the rule does not ask for it."""

    field: str
    before: Any
    after: Any


def changes(before: RuleDefinition | None, after: RuleDefinition | None) -> tuple[FieldChange, ...]:
    """Return the fields that differ between a rule as it stood and as it is to stand."""
    was, told = ({"name": rule.name, **rule.as_told} if rule else {} for rule in (before, after))
    fields = (name for name in {**was, **told} if was.get(name) != told.get(name))
    return tuple(FieldChange(name, was.get(name), told.get(name)) for name in fields)


def get(context: Context, conn: Connection, name_or_id: str) -> RuleRow:
    """Find a live rule by its name or id.

    Raises NotFound, also where one of its apps is hidden; Forbidden unless what is asked for is
    allowed on all its targets.
    """
    reach = context.reach
    row = rules.find(conn, name_or_id, scope=reach.sees)
    if row is None:
        raise NotFound("rule", "Couldn't find that rule.")
    if not reach.acts.is_all:
        reach.check(*apps.names(conn, row.target_ids).values())
    return row


def standing(conn: Connection, row: RuleRow) -> RuleDefinition:
    """Return the definition of a rule as it stands."""
    return RuleDefinition(
        name=row.name,
        source=apps.get(conn, row.source_id).facts,
        targets=tuple(apps.get(conn, app_id).facts for app_id in row.target_ids),
        mode=row.mode,
        strategy=row.strategy,
        on_newer=row.on_newer,
        conditions=row.conditions,
        notify=rules.of_rules(conn, [row.id]).get(row.id, ()),
        events_to=rules.of_rules(conn, [row.id], rule_receiver).get(row.id, ()),
    )


# What is refused.

HIDDEN = (
    "A rule that you may not see stands in the way: it leads to one of these targets, or back from"
    " one to the source. Whoever sees every app can tell."
)


def conditions_of(said: Mapping[str, Any], before: Conditions = options.NONE) -> Conditions:
    """Read the conditions as they are to stand. Raises Invalid."""
    try:
        return options.parse(said, before)
    except BadCondition as error:
        raise Invalid(str(error)) from error


def faults_of(said: Mapping[str, Any]) -> list[BadCondition]:
    """Return what is wrong with each condition: all faults, not only the first."""
    faults, too_many = [], _too_many(said)
    for name, value in said.items():
        if too_many is not None and name in options.OF_PATTERNS:
            continue
        try:
            options.parse({name: value})
        except BadCondition as error:
            faults.append(error)
    return [*faults, too_many] if too_many is not None else faults


def _too_many(said: Mapping[str, Any]) -> BadCondition | None:
    try:
        options.check_patterns(said)
    except BadCondition as error:
        return error
    return None


def check_alone(wanted: RuleDefinition) -> None:
    """Raise Invalid where the rule alone is wrong, before Heroku is asked for more."""
    _refuse_route(wanted.route, (), wanted.names)


def check_beside(
    context: Context, conn: Connection, wanted: RuleDefinition, *, but: int | None = None
) -> None:
    """Check the rule against all others (`but` one); under the rules' lock.

    Raises Conflict where its name is taken, Invalid where its route is refused. The name of a rule
    that is hidden is taken, too: this alone is told of it.
    """
    if rules.is_name_taken(conn, wanted.name, but=but):
        change = f"`autopromote rules:update {wanted.name}` changes it."
        raise Conflict("rule_exists", f"There is a rule {wanted.name} already. {change}")
    if wanted.mode is Mode.OFF:
        return
    others = [row for row in rules.live(conn) if row.acts and row.id != but]
    everyone = {app for row in others for app in (row.source_id, *row.target_ids)}
    names = {**apps.names(conn, everyone), **wanted.names}
    scope = context.reach.sees
    seen = [row.route for row in others if is_seen(scope, row, names)]
    _refuse_route(wanted.route, seen, names)
    if len(seen) < len(others):
        refuse_hidden(wanted.route, [row.route for row in others])


def is_seen(scope: Scope, row: RuleRow, names: Mapping[str, str]) -> bool:
    """Tell whether somebody who sees these apps sees the rule: all apps that it names."""
    return all(scope.has(names[app_id]) for app_id in (row.source_id, *row.target_ids))


def refuse_hidden(route: Route, others: Sequence[Route]) -> None:
    """Raise Invalid where a rule that is hidden stands in the way, without a word of it."""
    ids = {app_id for each in (route, *others) for app_id in (each.source, *each.targets)}
    try:
        check_route(route, others, {app_id: app_id for app_id in ids})
    except RuleRefused as refused:
        raise Invalid(HIDDEN) from refused


def _refuse_route(route: Route, others: Iterable[Route], names: dict[str, str]) -> None:
    try:
        check_route(route, others, names)
    except RuleRefused as refused:
        raise Invalid(str(refused)) from refused


# What a change begins anew.


def to_base(wanted: RuleDefinition, before: RuleRow | None) -> frozenset[str]:
    """Return the targets whose baseline is set now: added ones; all if the rule begins to act."""
    if before is None or _begins(wanted.mode, before.mode):
        return wanted.target_ids
    return wanted.target_ids - frozenset(before.target_ids)


def _begins(mode: Mode, before: Mode) -> bool:
    """Tell whether the rule does more than before, so that older releases must not go."""
    return mode is not before and (mode is Mode.ARMED or before is Mode.OFF)


def to_arm(wanted: RuleDefinition, before: RuleRow | None) -> frozenset[str]:
    """Return the targets that this rule promotes to from now on, and did not until now."""
    if wanted.mode is not Mode.ARMED:
        return frozenset()
    if before is None or before.mode is not Mode.ARMED:
        return wanted.target_ids
    return wanted.target_ids - frozenset(before.target_ids)


MOST = 10
LONGEST = 2000
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{0,30})://[!-~]+", re.IGNORECASE | re.ASCII)


def services_of(urls: Iterable[str], seal: Cipher) -> tuple[Service, ...]:
    """Check and encrypt the URLs of services. Raises Invalid, without the URL in the message."""
    wanted = tuple(dict.fromkeys(url.strip() for url in urls))
    if len(wanted) > MOST:
        raise Invalid(f"notify: a rule tells {MOST} services at most.")
    return tuple(_service(url, seal) for url in wanted)


def _service(url: str, seal: Cipher) -> Service:
    found = _SCHEME.fullmatch(url)
    if found is None or len(url) > LONGEST:
        raise Invalid("notify: it must be apprise URLs like slack://….")
    try:
        notifier.check(url)
    except BadService as bad:
        raise Invalid(f"notify: {bad}") from bad
    return Service(notifier.shown(url), notifier.mark(url), seal.seal(url.encode()))


def receivers_of(urls: Iterable[str], seal: Cipher) -> tuple[Service, ...]:
    """Check and encrypt the URLs of receivers. Raises Invalid, without the URL in the message."""
    wanted = tuple(dict.fromkeys(url.strip() for url in urls))
    if len(wanted) > MOST:
        raise Invalid(f"events_to: a rule has {MOST} receivers at most.")
    try:
        checked = [receiver(url) for url in wanted]
    except ValueError as error:
        raise Invalid(f"events_to: {error}") from error
    return tuple(
        Service(receivers.shown(url), receivers.mark(url), seal.seal(url.encode()))
        for url in checked
    )
