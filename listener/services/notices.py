"""The notices service: whether those who are told can be told, tried at once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from listener import notifier
from listener.core.finding import Finding, State
from listener.db import rules
from listener.db.rules import RuleRow
from listener.errors import Invalid
from listener.inventory.context import Context
from listener.inventory.notify_urls import opened
from listener.notifier import BadService, Send, Told
from listener.roles import Role
from listener.services import rule_definition
from listener.services.rule_definition import MOST

TITLE = "A test of autopromote"
SEALED = "No SECRET_KEY opens its URL: say it anew."


@dataclass(frozen=True, slots=True)
class TriedService:
    """A service that was told something as a test, and what came of it."""

    shown: str
    told: Told


def try_url(context: Context, url: str, *, by: str) -> list[TriedService]:
    """Tell one service, by a URL that a rule may name. Raises Invalid."""
    try:
        notifier.check(url)
    except BadService as bad:
        raise Invalid(f"url: {bad}") from bad
    return _tried([(notifier.shown(url), _of_rule(context, url))], by)


def try_rule(context: Context, name_or_id: str, *, by: str) -> list[TriedService]:
    """Tell every service of a rule. Raises NotFound."""
    with context.database.begin() as conn:
        row = rule_definition.get(context, conn, name_or_id)
        found = rules.of_rules(conn, [row.id]).get(row.id, ())
    urls = [(each.shown, opened(context, each)) for each in found]
    return _tried([(shown, _of_rule(context, url)) for shown, url in urls], by)


def try_general(context: Context, *, by: str) -> list[TriedService]:
    """Tell every service of AUTOPROMOTE_NOTIFY. Raises Forbidden unless for an admin of all."""
    context.reach.check_all(Role.ADMIN)
    urls = context.notify_urls
    return _tried([(notifier.shown(url), partial(notifier.send, url)) for url in urls], by)


def _of_rule(context: Context, url: str | None) -> Send:
    if url is None:
        return lambda title, body: Told(False, SEALED)
    return partial(notifier.send_for_rule, context.prober, url)


def _tried(services: list[tuple[str, Send]], by: str) -> list[TriedService]:
    body = f"{by} tries whether notices arrive here. Nothing else is to do."
    with ThreadPoolExecutor(max_workers=MOST) as pool:
        told = pool.map(lambda each: each[1](TITLE, body), services)
        return [TriedService(shown, one) for (shown, _), one in zip(services, told, strict=True)]


def findings(context: Context, acting: Sequence[RuleRow]) -> list[Finding]:
    """Report the stored services that a rule may not name today: they are told nothing.

    The first URL to be judged loads apprise for a moment, in which no connection is held.
    """
    with context.database.begin() as conn:
        found = rules.of_rules(conn, [row.id for row in acting])
    return [
        Finding(
            name="notify",
            state=State.WARNING,
            message=f"Rule {row.name} tells nobody by {service.shown}: {why}",
            why="Who relies on its notices hears nothing.",
            mend=f"autopromote rules:update {row.name} --notify URL",
            rule=row.name,
        )
        for row in acting
        for service in found.get(row.id, ())
        if (why := _why_not(opened(context, service))) is not None
    ]


def _why_not(url: str | None) -> str | None:
    if url is None:
        return SEALED
    try:
        notifier.check(url)
    except BadService as bad:
        return str(bad)
    return None
