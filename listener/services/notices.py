"""The notices service: whether those who are told can be told, tried at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from listener import notifier
from listener.core.finding import Finding, State
from listener.db import rules
from listener.db.rules import RuleRow, Service
from listener.db.tables import rule_receiver
from listener.errors import Invalid
from listener.inventory import receivers
from listener.inventory.context import Context
from listener.inventory.notify_urls import opened
from listener.inventory.receivers import Receiver
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
    """Tell every service of a rule, and every receiver of its events. Raises NotFound."""
    with context.database.begin() as conn:
        row = rule_definition.get(context, conn, name_or_id)
        found = rules.of_rules(conn, [row.id]).get(row.id, ())
        told = rules.of_rules(conn, [row.id], rule_receiver).get(row.id, ())
    services = [(each.shown, _of_rule(context, opened(context, each))) for each in found]
    services += [
        (each.shown, _of_receiver(context, to)) for each, to in _receivers(context, row.id, told)
    ]
    return _tried(services, by)


def try_general(context: Context, *, by: str) -> list[TriedService]:
    """Tell those of AUTOPROMOTE_NOTIFY and AUTOPROMOTE_EVENTS_TO.

    Raises Forbidden unless for an admin of all.
    """
    context.reach.check_all(Role.ADMIN)
    services: list[tuple[str, Send]] = [
        (notifier.shown(url), partial(notifier.send, url)) for url in context.notify_urls
    ]
    services += [(to.shown, _of_receiver(context, to)) for to in receivers.general(context)]
    return _tried(services, by)


def _of_rule(context: Context, url: str | None) -> Send:
    if url is None:
        return lambda title, body: Told(False, SEALED)
    return partial(notifier.send_for_rule, context.prober, url)


def _of_receiver(context: Context, to: Receiver | None) -> Send:
    def send(title: str, body: str) -> Told:
        if to is None:
            return Told(False, SEALED)
        probe = receivers.try_it(context, to, f"{title}: {body}")
        return Told(probe.is_good, f"It {probe.said}.")

    return send


@dataclass(frozen=True, slots=True)
class Signing:
    """A receiver of events, and the secrets under which it gets them, the newest first."""

    shown: str
    secrets: tuple[str, ...] = field(repr=False)


def secrets(context: Context, name_or_id: str | None) -> list[Signing]:
    """Return the secrets of a rule's receivers, or of those of AUTOPROMOTE_EVENTS_TO.

    Raises NotFound, Forbidden unless for an admin of the rule's targets, or of all.
    """
    if name_or_id is None:
        context.reach.check_all(Role.ADMIN)
        return [_signing(context, to.shown, to) for to in receivers.general(context)]
    with context.database.begin() as conn:
        row = rule_definition.get(context, conn, name_or_id)
        told = rules.of_rules(conn, [row.id], rule_receiver).get(row.id, ())
    return [_signing(context, each.shown, to) for each, to in _receivers(context, row.id, told)]


def _receivers(
    context: Context, rule_id: int, told: Iterable[Service]
) -> Iterator[tuple[Service, Receiver | None]]:
    """Return with each stored receiver of a rule how it is reached; None where no key opens it."""
    for each in told:
        url = opened(context, each)
        yield each, Receiver(url, rule_id) if url is not None else None


def _signing(context: Context, shown: str, to: Receiver | None) -> Signing:
    return Signing(shown, tuple(receivers.secrets(context, to)) if to is not None else ())


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
