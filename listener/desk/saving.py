"""Saving rules: what Heroku is asked before, and all that is written when a rule changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from listener.desk import declared
from listener.desk.declared import Declared
from listener.errors import Conflict
from listener.rules import Mode
from listener.standing import Known
from listener.steps.readings import Reading
from listener.store import apps, audit, promotions, releases, rules, services, shown
from listener.store.rules import RuleRow, RuleTarget

Read = Callable[[str], Reading]  # an app's releases, as Heroku tells them now


@dataclass(frozen=True, slots=True)
class Fresh:
    """Which targets' baselines are set now, and what the newly armed targets run."""

    based: frozenset[str]
    armed: dict[str, Reading]


def prepare(read: Read, wanted: Declared, before: RuleRow | None) -> Fresh:
    """Ask Heroku what saving the rule needs to know; every answer is stored."""
    based, arming = declared.to_base(wanted, before), declared.to_arm(wanted, before)
    if based:
        read(wanted.source.id)
    return Fresh(based, {app_id: read(app_id) for app_id in sorted(arming)})


def lock(conn: Connection, wanted: Declared, dropped: Iterable[str] = ()) -> None:
    """Let nobody else change a rule, nor anything of the apps that this one names or named."""
    rules.lock(conn)
    apps.lock(conn, {wanted.source.id, *wanted.target_ids, *dropped})


def check_unchanged(conn: Connection, before: RuleRow) -> None:
    """Raises Conflict where somebody changed the rule since we read it."""
    now = rules.get(conn, before.id)
    if (now.revision, now.is_live) != (before.revision, before.is_live):
        message = f"Rule {before.name} was changed by somebody else meanwhile. Look, and try again."
        raise Conflict("rule_changed", message)


# Under those locks.


def add(conn: Connection, wanted: Declared, fresh: Fresh, by: str) -> RuleRow:
    """A new rule; it acts on versions above those its source has now."""
    targets = _based(conn, wanted, None, fresh)
    after = wanted.as_json(targets)
    row = rules.add(conn, by=by, targets=targets, declared=after, **wanted.values)
    services.put(conn, row.id, wanted.notify)
    _begin(conn, row, fresh)
    _record(conn, by, "rule.added", row, None, after)
    return row


def change(conn: Connection, before: RuleRow, wanted: Declared, fresh: Fresh, by: str) -> RuleRow:
    """A rule's next revision; what waits under it is decided anew."""
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


def remove(conn: Connection, before: RuleRow, by: str) -> RuleRow:
    """The rule is gone, and what waited under it cancelled."""
    was = declared.standing(conn, before).as_json(before.targets)
    row = rules.remove(conn, before)
    services.put(conn, row.id, ())  # nobody needs their secrets any more
    reason = f"Rule {row.name} was removed by {by}."
    promotions.cancel_of_rule(conn, row.id, reason=reason)
    _record(conn, by, "rule.removed", row, was, None)
    return row


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
