"""The rules desk: what people declare is checked, based on a fresh reading, and kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from listener.desk import apps as named
from listener.desk import declared, pages, strategies
from listener.desk.asking import Asking
from listener.desk.declared import Declared, NewRule, RuleChange
from listener.desk.told import services_of
from listener.desk.views import RuleView
from listener.errors import Conflict, NotFound
from listener.rules import Mode
from listener.standing import Known
from listener.steps.readings import Reading
from listener.steps.tools import Tools
from listener.store import apps, audit, promotions, releases, rules, services, shown
from listener.store.rules import RuleRow, RuleTarget

NOT_SAVED = "The rule was not saved."


@dataclass(frozen=True, slots=True)
class Fresh:
    """Which targets' baselines are set now, and what the newly armed targets run."""

    based: frozenset[str]
    armed: dict[str, Reading]


class RulesDesk:
    """Adds, changes, removes and shows rules."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def list_(self, *, app: str | None, limit: int) -> list[RuleView]:
        """The rules, newest first; with an app, those that name it as source or target."""
        with self._tools.database.begin() as conn:
            rows = rules.live(conn, app_id=named.find_id(conn, app), limit=limit)
            return pages.of_rules(conn, rows)

    def get(self, name_or_id: str) -> RuleView:
        """One rule. Raises NotFound."""
        with self._tools.database.begin() as conn:
            return _view(conn, _find(conn, name_or_id))

    def add(self, wish: NewRule, *, by: str) -> RuleView:
        """Save a new rule; it acts on versions above those its source has now."""
        ask, conditions = Asking(NOT_SAVED), declared.conditions_of(wish.conditions)
        wanted = Declared(
            name=wish.name,
            source=named.read(self._tools, ask, wish.source),
            targets=named.read_all(self._tools, ask, wish.targets),
            mode=wish.mode,
            strategy=wish.strategy,
            on_newer=wish.on_newer,
            conditions=conditions,
            notify=services_of(wish.notify, self._tools.keys.services),
        )
        declared.check_alone(wanted)
        strategies.check(self._tools, ask, wanted)
        fresh = self._read(ask, wanted, None)
        with self._tools.database.begin() as conn:
            _lock(conn, wanted)
            declared.check_beside(conn, wanted)
            targets = _based(conn, wanted, None, fresh)
            after = wanted.as_json(targets)
            row = rules.add(conn, by=by, targets=targets, declared=after, **wanted.values)
            services.put(conn, row.id, wanted.notify)
            _begin(conn, row, fresh)
            _record(conn, by, "rule.added", row, None, after)
            return _view(conn, row)

    def update(self, name_or_id: str, change: RuleChange, *, by: str) -> RuleView:
        """Save a rule's next revision; what waits under it is decided anew."""
        ask = Asking(NOT_SAVED)
        with self._tools.database.begin() as conn:
            before = _find(conn, name_or_id)
            standing = declared.standing(conn, before)
        wanted = self._merge(ask, standing, change)
        if wanted == standing:
            return self.get(str(before.id))
        declared.check_alone(wanted)
        strategies.check(self._tools, ask, wanted, standing)
        fresh = self._read(ask, wanted, before)
        with self._tools.database.begin() as conn:
            _lock(conn, wanted, before.target_ids)
            _check_unchanged(conn, before)
            declared.check_beside(conn, wanted, but=before.id)
            return _view(conn, _change(conn, before, wanted, fresh, by))

    def remove(self, name_or_id: str, *, by: str) -> RuleView:
        """Remove a rule and cancel what waits under it."""
        with self._tools.database.begin() as conn:
            rules.lock(conn)
            before = _find(conn, name_or_id)
            apps.lock(conn, [before.source_id, *sorted(before.target_ids)])
            was = declared.standing(conn, before).as_json(before.targets)
            row = rules.remove(conn, before)
            services.put(conn, row.id, ())  # nobody needs their secrets any more
            reason = f"Rule {row.name} was removed by {by}."
            promotions.cancel_of_rule(conn, row.id, reason=reason)
            _record(conn, by, "rule.removed", row, was, None)
            return _view(conn, row)

    def _merge(self, ask: Asking, standing: Declared, change: RuleChange) -> Declared:
        conditions = declared.conditions_of(change.conditions, standing.conditions)
        wanted = replace(standing, **change.plain, conditions=conditions)
        if change.notify is not None:
            told = services_of(change.notify, self._tools.keys.services)
            wanted = replace(wanted, notify=told)
        if change.targets is None:
            return wanted
        targets = named.read_all(self._tools, ask, change.targets)
        same = {app.id for app in targets} == standing.target_ids
        return wanted if same else replace(wanted, targets=targets)

    def _read(self, ask: Asking, wanted: Declared, before: RuleRow | None) -> Fresh:
        """Ask Heroku what the change needs to know; every answer is stored."""
        based, arming = declared.to_base(wanted, before), declared.to_arm(wanted, before)
        releases_of = self._tools.readings.releases
        if based:
            ask(releases_of, wanted.source.id)
        return Fresh(based, {app_id: ask(releases_of, app_id) for app_id in sorted(arming)})


def _find(conn: Connection, name_or_id: str) -> RuleRow:
    row = rules.find(conn, name_or_id)
    if row is None:
        raise NotFound("rule", "Couldn't find that rule.")
    return row


def _view(conn: Connection, row: RuleRow) -> RuleView:
    return pages.of_rules(conn, [row])[0]


def _lock(conn: Connection, wanted: Declared, dropped: Iterable[str] = ()) -> None:
    rules.lock(conn)
    apps.lock(conn, [wanted.source.id, *sorted({*wanted.target_ids, *dropped})])


def _check_unchanged(conn: Connection, before: RuleRow) -> None:
    now = rules.get(conn, before.id)
    if (now.revision, now.is_live) != (before.revision, before.is_live):
        message = f"Rule {before.name} was changed by somebody else meanwhile. Look, and try again."
        raise Conflict("rule_changed", message)


def _based(
    conn: Connection, wanted: Declared, before: RuleRow | None, fresh: Fresh
) -> tuple[RuleTarget, ...]:
    """Every target with its baseline: the source's highest version, or the one it had.

    Read under the source's lock, so that no candidate made meanwhile lies above it.
    """
    newest = releases.newest_version(conn, wanted.source.id)
    kept = {target.app_id: target.baseline for target in before.targets} if before else {}
    return tuple(
        RuleTarget(app_id, newest if app_id in fresh.based else kept[app_id])
        for app_id in (app.id for app in wanted.targets)
    )


def _change(conn: Connection, before: RuleRow, wanted: Declared, fresh: Fresh, by: str) -> RuleRow:
    promotions.lock_around(conn, before.source_id)
    was = declared.standing(conn, before).as_json(before.targets)
    targets = _based(conn, wanted, before, fresh)
    after = wanted.as_json(targets)
    row = rules.change(conn, before, by=by, targets=targets, declared=after, **wanted.values)
    services.put(conn, row.id, wanted.notify)
    _cancel(conn, before, row, fresh, by)
    promotions.wake_rule(conn, row.id, row.revision)
    _begin(conn, row, fresh)
    _record(conn, by, "rule.updated", row, was, after)
    return row


def _cancel(conn: Connection, before: RuleRow, row: RuleRow, fresh: Fresh, by: str) -> None:
    """End what waited under the rule as it was, and may not go under it as it is."""
    if row.mode is Mode.OFF:
        reason = f"Rule {row.name} was turned off by {by}."
        promotions.cancel_of_rule(conn, row.id, reason=reason)
    names = apps.names(conn, before.target_ids)
    for app_id in before.target_ids:
        if app_id not in row.target_ids:
            reason = f"Rule {row.name} no longer promotes to {names[app_id]}: changed by {by}."
        elif app_id in fresh.based:
            reason = (
                f"Rule {row.name} was set to {row.mode} by {by} after this release:"
                f" it acts from v{row.acts_from(app_id)} on."
            )
        else:
            continue
        promotions.cancel_of_rule(conn, row.id, reason=reason, target_id=app_id)


def _begin(conn: Connection, row: RuleRow, fresh: Fresh) -> None:
    """What newly armed targets run counts as explained from now on.

    A target that another armed rule names already keeps what is known of it.
    """
    guarded = rules.armed_targets(conn, but=row.id)
    for app_id, reading in fresh.armed.items():
        current = reading.history.current
        if app_id not in guarded and current is not None:
            known = Known(reading.history.newest_version, current.artifact)
            apps.set_known(conn, app_id, known)
    # Heroku may have told of a release after we read the source and before the rule was there
    # to want it: then nobody looked at it, and nobody else would before the next reconcile.
    if row.mode is not Mode.OFF and shown.was_told_of_newer(conn, row.source_id):
        apps.ask_look(conn, row.source_id, must_read=True)


def _record(
    conn: Connection,
    by: str,
    action: str,
    row: RuleRow,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    audit.record(
        conn,
        by=by,
        action=action,
        subject_type="rule",
        subject_id=str(row.id),
        subject_name=row.name,
        before=before,
        after=after,
    )
