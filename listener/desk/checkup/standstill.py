"""What stands still on purpose: holds in force, and an installation without a rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from listener.apps import App
from listener.findings import Finding, State
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


def holds(found: Sequence[HoldRow], apps: Mapping[str, App], now: datetime) -> list[Finding]:
    """Every hold in force; one finding that there is none."""
    in_force = [row for row in found if row.value.is_in_force(now)]
    if not in_force:
        return [Finding(name="hold", state=State.OK, message="No hold is in force.")]
    return [_hold(row, apps.get(row.app_id or "")) for row in in_force]


def _hold(row: HoldRow, app: App | None) -> Finding:
    name = app.name if app is not None else "Every target"
    until = f" until {row.ends_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if row.ends_at else ""
    return Finding(
        name="hold",
        state=State.WARNING,
        message=f"{name} is on hold by {row.by}{until}: {row.reason}",
        why="Nothing is promoted there by itself, fixes included.",
        mend="autopromote holds:release " + (f"-a {app.name}" if app is not None else "--all"),
        app=app,
        facts={"hold": str(row.id)},
    )
