"""Receivers of events: their URLs, which may hold secrets, and how an event reaches one, signed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from listener.core.promotion_events import CONTENT_TYPE, TEST, cloud_event, moment
from listener.core.verification import Probe
from listener.db.outbox import EVENTS, Channel
from listener.inventory.context import Context
from listener.notifier import mark

__all__ = ["channel_of", "mark", "secrets", "send", "shown", "source", "try_it", "wanted"]

_HEADERS = {"Content-Type": CONTENT_TYPE, "User-Agent": "heroku-autopromote"}


def shown(url: str) -> str:
    """Return of a URL what is no secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}/…"


def channel_of(known: str) -> str:
    """Return the name of the channel to the receiver with this mark."""
    return f"{EVENTS} {known}"


def wanted(context: Context) -> list[Channel]:
    """Return the channels that the settings want."""
    return [Channel(channel_of(mark(url))) for url in context.events_to]


def secrets(context: Context, url: str) -> list[str]:
    """Return the secrets under which a receiver gets its events, the newest first."""
    return [f"whsec_{each}" for each in context.keys.event_secrets(url)]


def send(context: Context, url: str, event: dict[str, Any], *, id: str) -> Probe:
    """Send one event, signed by the Standard Webhooks convention; return whether it was taken."""
    content = json.dumps(event, ensure_ascii=False)
    now = datetime.now(UTC)
    signed = " ".join(_signatures(context, url, id, now, content))
    headers = {
        **_HEADERS,
        "webhook-id": id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signed,
    }
    return context.prober.send(url, content.encode(), headers=headers)


def try_it(context: Context, url: str, message: str) -> Probe:
    """Send an event that is about nothing; return whether it was taken."""
    id, now = f"test-{uuid.uuid4().hex}", datetime.now(UTC)
    made = cloud_event(
        id=id,
        source=source(context),
        type=TEST,
        subject="test",
        at=now,
        data={"event": {"status": "test", "message": message, "at": moment(now)}},
    )
    return send(context, url, made, id=id)


def source(context: Context) -> str:
    """Return what an event names as its source: our address, or our mark where nobody knows it."""
    return context.address() or f"urn:heroku-autopromote:{context.keys.mark}"


def _signatures(context: Context, url: str, id: str, now: datetime, content: str) -> Iterator[str]:
    for secret in secrets(context, url):
        yield Webhook(secret).sign(id, now, content)
