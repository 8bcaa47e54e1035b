"""Telling people: one notice at a time from the outbox, through apprise."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import Connection

from listener import notifier
from listener.keys import SealBroken
from listener.steps import circumstances
from listener.steps.clock import Clock
from listener.steps.tools import Tools
from listener.store import holds, notices, promotions, rules, services, troubles, work

log = structlog.get_logger()

MOST_TRIES = 12  # about a day with the pauses below


def pause(attempt: int) -> timedelta:
    """How long to leave the services alone after so many failures: 10 s, doubling up to 4 h."""
    return timedelta(seconds=min(10 * 2 ** (attempt - 1), 4 * 3600))


def step(tools: Tools, claim: work.Claim, clock: Clock) -> None:
    """Send one notice to every service that did not get it yet, each once."""
    reached, wanted = list(claim.row.reached), _services(tools, claim)
    missing = {known: url for known, url in wanted.items() if known not in reached}
    for known, url in missing.items():
        if url is not None and notifier.send(url, claim.row.title, claim.row.body):
            reached.append(known)
        with tools.database.begin() as conn:  # some services are slow, and each has its say once
            notices.reach(conn, claim, reached)
    silent = sum(known not in reached for known in missing)
    error = f"{silent} of {len(wanted)} services did not take it." if silent else None
    again_in = pause(claim.attempt) if claim.attempt < MOST_TRIES else None
    with tools.database.begin() as conn:
        notices.settle(conn, claim, error=error, again_in=again_in)


def _services(tools: Tools, claim: work.Claim) -> dict[str, str | None]:
    """Everybody's services and those of the rule, each once by its mark; None: no key opens it."""
    with tools.database.begin() as conn:
        concerned = _rules(conn, claim)
        named = services.of_rules(conn, concerned)
    ours: dict[str, str | None] = {notifier.mark(url): url for url in tools.notify_urls}
    for each in (service for found in named.values() for service in found):
        ours.setdefault(each.mark, _opened(tools, each))
    return ours


def _rules(conn: Connection, claim: work.Claim) -> set[int]:
    """The rules whose people a notice concerns."""
    row = claim.row
    if row.promotion_id is not None:
        about = promotions.get(conn, row.promotion_id)
        return {rule.id for rule in circumstances.rules_of_each(conn, [about]).values()}
    if row.trouble_id is not None:
        told_of = troubles.apps_told_as(conn, row.trouble_id)
        return {
            rule.id for rule in rules.live(conn) if told_of & {rule.source_id, *rule.target_ids}
        }
    app_id = holds.app_of(conn, row.hold_id) if row.hold_id is not None else None
    return {rule.id for rule in rules.targeting(conn, app_id)} if app_id is not None else set()


def _opened(tools: Tools, service: services.Service) -> str | None:
    try:
        return tools.keys.services.open(service.sealed).decode()
    except SealBroken:
        log.warning("notify_sealed", service=service.shown)
        return None
