"""Findings about apps: their webhooks and deliveries, access to them, their rules and holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from listener import heroku
from listener.core import duration, staleness
from listener.core.app import App
from listener.core.finding import Finding, State, Unread
from listener.core.gates.options import OPTIONS
from listener.core.promotion import TOLD_AFTER
from listener.core.rule import Mode, is_allowed, overlaps
from listener.db.apps import AppRow
from listener.db.holds import HoldRow
from listener.db.release_requests import LastAnswer
from listener.db.rules import RuleRow
from listener.db.subscriptions import SubscriptionRow
from listener.heroku import Delivery, Webhook
from listener.inventory.webhooks import PATH, fault_of
from listener.outbound.address import without_secrets
from listener.services import rule_warnings
from listener.services.rule_warnings import ToldCommits
from listener.services.subscriptions import ailment_of

NOT_ARRIVED = frozenset({"failed", "retrying", "skipped"})
LATE = "Deploys are found late, by reconcile alone."


def webhook(
    app: App, row: SubscriptionRow | None, found: Sequence[Webhook] | Unread, *, url: str | None
) -> Finding:
    """Tell whether Heroku tells us of the app's releases; `url` is where the listener is now."""
    if row is None:
        return Finding(
            name="webhook",
            state=State.WARNING,
            message=f"Heroku does not tell the listener of {app.name}'s releases.",
            why=LATE,
            mend=f"autopromote webhooks:add -a {app.name}",
            app=app,
        )
    if isinstance(found, Unread):
        return found.finding("webhook", app)
    ailment = ailment_of(replace(row, health=fault_of(row, found)), app.name, url)
    if ailment is None:
        message = f"Heroku tells {row.url} of {app.name}'s releases."
        return Finding(name="webhook", state=State.OK, message=message, app=app)
    return Finding(
        name="webhook",
        state=State.BROKEN if ailment.is_grave else State.WARNING,
        message=f"The webhook of {app.name}: {ailment.message}",
        why=LATE if ailment.is_grave else "Heroku may sign with either secret.",
        mend=ailment.mend,
        app=app,
    )


def deliveries(app: App, row: SubscriptionRow, found: Sequence[Delivery] | Unread) -> Finding:
    """Tell whether the latest deliveries arrived; failures before a success do not count."""
    if isinstance(found, Unread):
        return found.finding("deliveries", app)
    own = [each for each in found if each.webhook_id == row.heroku_id]
    settled = [each for each in own if each.status == "succeeded" or each.status in NOT_ARRIVED]
    failing = [each for each in _since_success(settled) if each.status in NOT_ARRIVED]
    facts = {"failing": len(failing), "seen": len(own)}
    if not failing:
        message = f"What Heroku delivered of {app.name} arrived."
        message = message if settled else f"Heroku has delivered nothing of {app.name} yet."
        return Finding(name="deliveries", state=State.OK, message=message, app=app, facts=facts)
    code = failing[0].code
    how = f"the last was answered {code}" if code is not None else "the last got no answer"
    return Finding(
        name="deliveries",
        state=State.BROKEN,
        message=f"Deliveries of {app.name} that Heroku could not hand over: {len(failing)}; {how}.",
        why="Heroku holds up later ones behind them, and gives up after 72 hours.",
        mend=f"heroku webhooks:deliveries -a {app.name}",
        app=app,
        facts=facts,
    )


def _since_success(settled: Sequence[Delivery]) -> Sequence[Delivery]:
    """Return the deliveries that are newer than the last one that arrived."""
    ends = next((at for at, each in enumerate(settled) if each.status == "succeeded"), None)
    return settled[:ends]


def others(
    app: App, row: SubscriptionRow | None, found: Sequence[Webhook] | Unread
) -> list[Finding]:
    """Report other autopromote installations on the same app, and duplicates of our webhook."""
    if isinstance(found, Unread):
        return []
    known = row.heroku_id if row is not None else None
    return [
        _other(app, each, is_double=row is not None and each.url == row.url)
        for each in found
        if each.id != known and without_secrets(each.url).endswith(PATH)
    ]


def _other(app: App, other: Webhook, *, is_double: bool) -> Finding:
    url = without_secrets(other.url)
    return Finding(
        name="other_webhook",
        state=State.WARNING,
        message=f"{app.name} has a second webhook to {url}."
        if is_double
        else f"Another autopromote listens to {app.name} at {url}.",
        why="Every release is told twice."
        if is_double
        else "Two that promote to one target hold each other up.",
        mend=f"autopromote webhooks:add -a {app.name}"
        if is_double
        else f"heroku webhooks:remove {other.id} -a {app.name}",
        app=app,
        facts={"webhook": other.id, "url": url},
    )


def releases(found: Sequence[AppRow], now: datetime) -> list[Finding]:
    """Report each release list that is older than an earlier one for longer than Heroku may lag."""
    return [
        _behind(row, row.behind_since, now)
        for row in found
        if row.behind_since is not None and now - row.behind_since >= TOLD_AFTER
    ]


def _behind(row: AppRow, since: datetime, now: datetime) -> Finding:
    is_broken = now - since >= staleness.BROKEN_AFTER
    return Finding(
        name="releases",
        state=State.BROKEN if is_broken else State.WARNING,
        message=f"{row.name} {row.behind}, since {duration.format_moment(since)}.",
        why="Nothing is promoted on a list that cannot be believed.",
        mend=staleness.mend(row.name) if is_broken else "",
        app=row.facts,
    )


GONE = 404
# Statuses that concern the caller, and not what was asked for.
OF_THE_CALLER = frozenset({"401", "402", "403"})
_REFUSED = re.compile(r"Heroku refused \((\d+) ([\w-]+)\)")


def access(
    app: App,
    found: heroku.App | Unread,
    *,
    who: str,
    allowed: Iterable[str],
    last: LastAnswer | None = None,
    is_target: bool = False,
    instead: str = "",
) -> Finding:
    """Tell whether an app can be read, and what Heroku answered to the last release there.

    `who` is the account that asks; `instead` is what to type where the app was destroyed.
    """
    if isinstance(found, heroku.App):
        if not is_allowed(found.name, tuple(allowed)):
            return _not_allowed(app, found.name, tuple(allowed))
        if is_target:
            return _tried(app, found.name, who, last)
        message = f"{who} can read {found.name}."
        return Finding(name="access", state=State.OK, message=message, app=app)
    if found.status == GONE:
        return _gone(app, who, instead)
    if found.status != 403:
        return found.finding("access", app)
    return Finding(
        name="access",
        state=State.BROKEN,
        message=f"{who} may not use {app.name}.",
        why="Nothing can be promoted from or to it.",
        mend=f"heroku access:add {who} -a {app.name}",
        app=app,
    )


def _gone(app: App, who: str, instead: str) -> Finding:
    return Finding(
        name="access",
        state=State.BROKEN,
        message=f"Heroku knows no app {app.name} that {who} may see.",
        why="Nothing can be promoted from or to it. The command is for one that was destroyed; an"
        f" app that is there wants `heroku access:add {who} -a {app.name}`.",
        mend=instead,
        app=app,
    )


def _not_allowed(app: App, name: str, patterns: tuple[str, ...]) -> Finding:
    wanted = ",".join((*patterns, name))
    return Finding(
        name="access",
        state=State.BROKEN,
        message=f"AUTOPROMOTE_APPS does not name {name}.",
        why="Nothing is promoted from or to it.",
        mend=f"heroku config:set -a LISTENER 'AUTOPROMOTE_APPS={wanted}'",
        app=app,
    )


def _tried(app: App, name: str, who: str, last: LastAnswer | None) -> Finding:
    """Report Heroku's answer to the last release there; only that shows whether we may release."""
    if last is None:
        message = f"{who} can read {name}; no release of ours was tried there yet."
        return Finding(name="access", state=State.OK, message=message, app=app)
    facts = {"promotion": str(last.promotion_id), "outcome": last.outcome}
    if not last.was_refused:
        message = f"{who} can read {name}, and its last release there was accepted."
        return Finding(name="access", state=State.OK, message=message, app=app, facts=facts)
    status, id = _refusal(last.reason)
    is_forbidden = id == "forbidden"
    return Finding(
        name="access",
        state=State.BROKEN if status in OF_THE_CALLER else State.WARNING,
        message=f"{who} can read {name}, but Heroku refused its last release there.",
        why=f"{last.reason} Only another release tells whether that is mended.",
        mend=f"heroku access:update {who} -a {name} --permissions deploy,view"
        if is_forbidden
        else f"autopromote promotions:retry {last.promotion_id}",
        app=app,
        facts=facts,
    )


def _refusal(reason: str) -> tuple[str, str]:
    found = _REFUSED.search(reason)
    return (found[1], found[2]) if found is not None else ("", "")


def factor(app: App) -> Finding:
    """Report that Heroku wants a second factor of whoever changes the app."""
    return Finding(
        name="second_factor",
        state=State.BROKEN,
        message=f"{app.name} wants a second factor of whoever releases there.",
        why="No robot has one: Heroku refuses every release of the listener.",
        mend=f"heroku pipelines:promote -a SOURCE --to {app.name}",
        app=app,
    )


def rules(found: Sequence[RuleRow]) -> Finding:
    """Tell whether any rule acts."""
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
    """Report every pair of armed rules of which each lets through what the other holds back."""
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


def commits(rule: RuleRow, source: App, found: ToldCommits) -> list[Finding]:
    """Tell whether somebody tells the commits that a rule asks about; nothing is known at first."""
    if not found.promotions and found.why is None:
        return []
    finding = Finding(
        name="commits",
        state=State.OK,
        message=f"{found.counted(source.name)}.",
        app=source,
        rule=rule.name,
        facts={"told": found.told, "promotions": found.promotions},
    )
    names = ("commit_messages", "not_commit_messages", "commit_authors", "not_commit_authors")
    flags = (OPTIONS[name].flag for name in names if getattr(rule.conditions, name))
    none = " ".join(f"{flag} none" for flag in flags)
    return [
        replace(
            finding,
            state=State.WARNING,
            message=said,
            why="Only `autopromote promotions:approve` lets go what nobody tells the commits of.",
            mend=f"autopromote rules:update {rule.name} {none}",
        )
        for said in rule_warnings.of_commits(source.name, found)
    ] or [finding]


def conditions(rules: Iterable[RuleRow]) -> list[Finding]:
    """Report stored conditions that break a limit of today: nothing goes by such a rule."""
    return [
        Finding(
            name="conditions",
            state=State.BROKEN,
            message=f"Rule {rule.name} cannot be obeyed as it is: {one.message}",
            why="What cannot be read never counts as met, so nothing is promoted by this rule.",
            mend=rule_warnings.anew(rule.name, one.name),
            rule=rule.name,
        )
        for rule in rules
        for one in rule.conditions.unreadable
    ]


def holds(found: Sequence[HoldRow], apps: Mapping[str, App], now: datetime) -> list[Finding]:
    """Report every hold in force; one finding where there is none."""
    in_force = [row for row in found if row.value.is_in_force(now)]
    if not in_force:
        return [Finding(name="hold", state=State.OK, message="No hold is in force.")]
    return [_hold(row, apps.get(row.app_id or "")) for row in in_force]


def _hold(row: HoldRow, app: App | None) -> Finding:
    name = app.name if app is not None else "Every target" + " but some" * bool(row.but)
    until = f" until {duration.format_moment(row.ends_at)}" if row.ends_at else ""
    return Finding(
        name="hold",
        state=State.WARNING,
        message=f"{name} is on hold by {row.by}{until}: {row.reason}",
        why="Nothing is promoted there by itself, fixes included.",
        mend="autopromote holds:release " + (f"-a {app.name}" if app is not None else "--all"),
        app=app,
        facts={"hold": str(row.id)},
    )
