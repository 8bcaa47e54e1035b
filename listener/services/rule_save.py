"""Saves rules: what Heroku is asked before, and all that is written when a rule changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from listener.core.drift import LastKnown
from listener.core.rule import Mode
from listener.db import apps, audit, outbox, queries, releases, rules, waiting_promotions
from listener.db.outbox import Channel
from listener.db.rules import RuleRow, RuleTarget, Service
from listener.db.tables import rule_receiver
from listener.errors import Conflict
from listener.inventory.reader import Snapshot
from listener.services import rule_definition
from listener.services.cancel import cancel_each
from listener.services.rule_definition import RuleDefinition

Read = Callable[[str], Snapshot]  # an app's releases, as Heroku tells them now


@dataclass(frozen=True, slots=True)
class BaselineSnapshot:
    """Which targets' baselines are set now, and what the newly armed targets run."""

    based: frozenset[str]
    armed: dict[str, Snapshot]


def prepare(read: Read, wanted: RuleDefinition, before: RuleRow | None) -> BaselineSnapshot:
    """Ask Heroku what saving the rule needs to know; every answer is stored."""
    based, arming = rule_definition.to_base(wanted, before), rule_definition.to_arm(wanted, before)
    if based:
        read(wanted.source.id)
    return BaselineSnapshot(based, {app_id: read(app_id) for app_id in sorted(arming)})


def lock(conn: Connection, wanted: RuleDefinition, dropped: Iterable[str] = ()) -> None:
    """Lock all rules, then the apps that this rule names or named."""
    rules.lock(conn)
    apps.lock(conn, {wanted.source.id, *wanted.target_ids, *dropped})


def check_unchanged(conn: Connection, before: RuleRow) -> None:
    """Raise Conflict where somebody changed the rule since we read it."""
    now = rules.get(conn, before.id)
    if (now.revision, now.is_live) != (before.revision, before.is_live):
        message = f"Rule {before.name} was changed by somebody else meanwhile. Look, and try again."
        raise Conflict("rule_changed", message)


# Under those locks.


def add(
    conn: Connection, wanted: RuleDefinition, fresh: BaselineSnapshot, by: str, why: str | None
) -> RuleRow:
    """Add a rule; it acts on versions above those its source has now."""
    targets = _based(conn, wanted, None, fresh)
    after = wanted.as_json(targets) | _reason(why)
    row = rules.add(conn, by=by, targets=targets, declared=after, **wanted.values)
    rules.put(conn, row.id, wanted.notify)
    rules.put(conn, row.id, wanted.events_to, rule_receiver)
    _want(conn, row, wanted.events_to)
    _begin(conn, row, fresh)
    _record(conn, by, "rule.added", row, None, after)
    return row


def change(
    conn: Connection,
    before: RuleRow,
    wanted: RuleDefinition,
    fresh: BaselineSnapshot,
    by: str,
    why: str | None,
) -> RuleRow:
    """Write a rule's next revision; what waits under it is decided anew."""
    waiting_promotions.lock_around(conn, before.source_id)
    was = rule_definition.standing(conn, before).as_json(before.targets)
    targets = _based(conn, wanted, before, fresh)
    after = wanted.as_json(targets) | _reason(why)
    row = rules.change(conn, before, by=by, targets=targets, declared=after, **wanted.values)
    rules.put(conn, row.id, wanted.notify)
    rules.put(conn, row.id, wanted.events_to, rule_receiver)
    _want(conn, row, wanted.events_to)
    _cancel(conn, before, row, fresh, by)
    if row.acts and not before.acts:  # what came while it was off has not been decided for it
        releases.decide_anew(conn, row.source_id, above=min(each.baseline for each in targets))
    waiting_promotions.reschedule_rule(conn, row.id, row.revision)
    _begin(conn, row, fresh)
    _record(conn, by, "rule.updated", row, was, after)
    return row


def _reason(why: str | None) -> dict[str, Any]:
    """Return what a revision and its audit entry say of why; it is nothing that the rule asks."""
    return {"reason": why} if why else {}


@dataclass(frozen=True, slots=True)
class Removed:
    """A rule that is gone, and the promotions that were cancelled with it."""

    row: RuleRow
    cancelled: tuple[int, ...]


def remove(conn: Connection, before: RuleRow, by: str) -> Removed:
    """Remove the rule, and cancel what waited under it."""
    was = rule_definition.standing(conn, before).as_json(before.targets)
    row = rules.remove(conn, before)
    rules.put(conn, row.id, ())  # nobody needs their secrets any more
    _want(conn, row, ())
    cancelled = _cancel_waiting(conn, row, f"Rule {row.name} was removed by {by}.", by)
    outbox.forget_receivers(conn)  # who is owed an end is told first
    _record(conn, by, "rule.removed", row, was, None)
    return Removed(row, cancelled)


def _want(conn: Connection, row: RuleRow, told: Iterable[Service]) -> None:
    """Have told what the rule wants told of the promotions to its targets."""
    asked, wanted = row.conditions, list[str]()
    if row.acts:
        wanted += [outbox.channel_of(each.mark, row.id) for each in told]
    if row.acts and row.mode is Mode.ARMED:
        wanted += [outbox.DEPLOYMENT] if asked.deployment else []
        wanted += [outbox.COMMIT_STATUS] if asked.commit_status else []
    channels = [Channel(name, app_id) for name in wanted for app_id in row.target_ids]
    outbox.want(conn, channels, rule_id=row.id)


def _cancel_waiting(
    conn: Connection, row: RuleRow, why: str, by: str, *, target_id: str | None = None
) -> tuple[int, ...]:
    """Cancel what waits under a rule, for one target if given, each with its audit entry."""
    waiting = [
        each
        for each in waiting_promotions.of_rule(conn, row.id)
        if target_id in (None, each.target_id)
    ]
    return tuple(each.id for each in cancel_each(conn, waiting, why=why, by=by))


def _based(
    conn: Connection, wanted: RuleDefinition, before: RuleRow | None, fresh: BaselineSnapshot
) -> tuple[RuleTarget, ...]:
    """Return every target with its baseline: the source's highest version, or the one it had.

    Read under the source's lock, so that no candidate made meanwhile lies above it.
    """
    newest = releases.newest_version(conn, wanted.source.id)
    kept = {target.app_id: target.baseline for target in before.targets} if before else {}
    return tuple(
        RuleTarget(app_id, newest if app_id in fresh.based else kept[app_id])
        for app_id in (app.id for app in wanted.targets)
    )


def _cancel(
    conn: Connection, before: RuleRow, row: RuleRow, fresh: BaselineSnapshot, by: str
) -> None:
    """Cancel what waited under the rule as it was, and may not go under it as it is."""
    if row.mode is Mode.OFF:
        reason = f"Rule {row.name} was turned off by {by}."
        _cancel_waiting(conn, row, reason, by)
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
        _cancel_waiting(conn, row, reason, by, target_id=app_id)


def _begin(conn: Connection, row: RuleRow, fresh: BaselineSnapshot) -> None:
    """Store what newly armed targets run as their last known state, which explains it.

    A target that another armed rule names already keeps its last known state.
    """
    guarded = rules.armed_targets(conn, but=row.id)
    for app_id, reading in fresh.armed.items():
        current = reading.history.current
        if app_id not in guarded and current is not None:
            known = LastKnown(reading.history.newest_version, current.artifact)
            apps.set_known(conn, app_id, known)
    # Heroku may have told of a release after we read the source and before the rule was there.
    # Then nobody looked at it, and nobody would before the next reconcile.
    if row.mode is not Mode.OFF and queries.was_told_of_newer(conn, row.source_id):
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
