"""Telling people: one notice at a time from the outbox, through apprise."""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta

import structlog

from listener.steps.clock import Clock
from listener.steps.tools import Tools
from listener.store import notices, work

log = structlog.get_logger()

MOST_TRIES = 12  # about a day with the pauses below


def pause(attempt: int) -> timedelta:
    """How long to leave the services alone after so many failures: 10 s, doubling up to 4 h."""
    return timedelta(seconds=min(10 * 2 ** (attempt - 1), 4 * 3600))


def step(tools: Tools, claim: work.Claim, clock: Clock) -> None:
    """Send one notice to every service that did not get it yet, each once."""
    reached = list(claim.row.reached)
    missing = [url for url in tools.notify_urls if _mark(url) not in reached]
    for url in missing:
        if _send(url, claim.row.title, claim.row.body):
            reached.append(_mark(url))
        with tools.database.begin() as conn:  # some services are slow, and each has its say once
            notices.reach(conn, claim, reached)
    silent = sum(_mark(url) not in reached for url in missing)
    error = f"{silent} of {len(tools.notify_urls)} services did not take it." if silent else None
    again_in = pause(claim.attempt) if claim.attempt < MOST_TRIES else None
    with tools.database.begin() as conn:
        notices.settle(conn, claim, error=error, again_in=again_in)


def _mark(url: str) -> str:
    """A service by a digest of its URL, which itself holds secrets."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def _send(url: str, title: str, body: str) -> bool:
    import apprise  # noqa: PLC0415 - a second of imports, for listeners that do notify

    # Its log lines name the services' URLs.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    service = apprise.Apprise()
    try:
        return bool(service.add(url) and service.notify(title=title, body=body))
    except Exception as error:  # noqa: BLE001 - one of a hundred plugins must not silence the rest
        log.warning("notify_broken", error=type(error).__name__)
        return False
