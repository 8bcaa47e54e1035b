"""What stands still on purpose, and what does not though it seems so: holds, no rule, or two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from listener import moments
from listener.apps import App
from listener.desk import cautions
from listener.desk.cautions import Messages
from listener.findings import Finding, State
from listener.rules import Mode, overlaps
from listener.store.holds import HoldRow
from listener.store.rules import RuleRow


def rules(found: Sequence[RuleRow]) -> Finding:
    """Whether any rule acts."""
    if found:
        names = ", ".join(sorted(rule.name for rule in found))
        return Finding(name="rules", state=State.OK, message=f"Rules that act: {names}.")
    return Finding(
        name="rules",
        state=State.WARNING,
        message="No rule acts.",
        why="Nothing is promoted by itself.",
        mend="autopromote rules:add NAME --from APP --to APP --mode shadow",
    )


def overlapping(found: Sequence[RuleRow], apps: Mapping[str, App]) -> list[Finding]:
    """Every pair of armed rules of which each lets through what the other holds back."""
    names = {app_id: app.name for app_id, app in apps.items()}
    armed = sorted((rule for rule in found if rule.mode is Mode.ARMED), key=lambda rule: rule.id)
    return [
        Finding(
            name="rules",
            state=State.WARNING,
            message=pair.message(names),
            why="What one of them asks for, an approval say, holds nothing back.",
            mend=f"autopromote rules:update {pair.other} --mode off",
            rule=pair.other,
        )
        for pair in overlaps(rule.route for rule in armed)
    ]


def messages(rule: RuleRow, source: App, found: Messages) -> list[Finding]:
    """Whether Heroku tells the commit messages that a rule asks for; nothing without a deploy."""
    if not found.deploys:
        return []
    finding = Finding(
        name="commit_message",
        state=State.OK,
        message=f"{found.counted(source.name)}.",
        app=source,
        rule=rule.name,
        facts={"told": found.told, "deploys": found.deploys, "unasked": found.unasked},
    )
    if found.unasked == found.deploys:
        message = f"Heroku could not be asked whether it tells commit messages of {source.name}."
        return [replace(finding, state=State.UNKNOWN, message=message)]
    flags = ("commit_messages", "--commit-message"), ("not_commit_messages", "--not-commit-message")
    none = " ".join(f"{flag} none" for name, flag in flags if getattr(rule.conditions, name))
    return [
        replace(
            finding,
            state=State.WARNING,
            message=said,
            why="Only `autopromote promotions:approve` lets a release without a message go.",
            mend=f"autopromote rules:update {rule.name} {none}",
        )
        for said in cautions.of_messages(source.name, found)
    ] or [finding]


def holds(found: Sequence[HoldRow], apps: Mapping[str, App], now: datetime) -> list[Finding]:
    """Every hold in force; one finding that there is none."""
    in_force = [row for row in found if row.value.is_in_force(now)]
    if not in_force:
        return [Finding(name="hold", state=State.OK, message="No hold is in force.")]
    return [_hold(row, apps.get(row.app_id or "")) for row in in_force]


def _hold(row: HoldRow, app: App | None) -> Finding:
    name = app.name if app is not None else "Every target" + " but some" * bool(row.but)
    until = f" until {moments.shown(row.ends_at)}" if row.ends_at else ""
    return Finding(
        name="hold",
        state=State.WARNING,
        message=f"{name} is on hold by {row.by}{until}: {row.reason}",
        why="Nothing is promoted there by itself, fixes included.",
        mend="autopromote holds:release " + (f"-a {app.name}" if app is not None else "--all"),
        app=app,
        facts={"hold": str(row.id)},
    )
