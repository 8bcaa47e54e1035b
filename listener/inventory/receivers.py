"""Receivers of events: their URLs, which may hold secrets, and how an event reaches one, signed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from listener.core.promotion_events import CONTENT_TYPE, TEST, cloud_event, moment
from listener.core.verification import Probe
from listener.db.outbox import Channel, channel_of, owner_of
from listener.inventory.context import Context
from listener.notifier import mark

__all__ = ["Receiver", "general", "mark", "secrets", "send", "shown", "source", "try_it", "wanted"]

_HEADERS = {"Content-Type": CONTENT_TYPE, "User-Agent": "heroku-autopromote"}


def shown(url: str) -> str:
    """Return of a URL what is no secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}/…"


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who gets events, as the settings name it, or a rule."""

    url: str = field(repr=False)
    rule_id: int | None = None

    @property
    def shown(self) -> str:
        """Of its URL, what is no secret."""
        return shown(self.url)


def general(context: Context) -> list[Receiver]:
    """Return the receivers that the settings name."""
    return [Receiver(url) for url in context.events_to]


def wanted(context: Context) -> list[Channel]:
    """Return the channels that the settings want."""
    return [Channel(channel_of(mark(url))) for url in context.events_to]


def secrets(context: Context, to: Receiver) -> list[str]:
    """Return the secrets under which a receiver gets its events, the newest first."""
    found = context.keys.event_secrets(owner_of(to.rule_id), to.url)
    return [f"whsec_{each}" for each in found]


def send(context: Context, to: Receiver, event: dict[str, Any], *, id: str) -> Probe:
    """Send one event, signed by the Standard Webhooks convention; return whether it was taken."""
    content = json.dumps(event, ensure_ascii=False)
    now = datetime.now(UTC)
    signed = " ".join(_signatures(context, to, id, now, content))
    headers = {
        **_HEADERS,
        "webhook-id": id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signed,
    }
    return context.prober.send(to.url, content.encode(), headers=headers)


def try_it(context: Context, to: Receiver, message: str) -> Probe:
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
    return send(context, to, made, id=id)


def source(context: Context) -> str:
    """Return what an event names as its source: our address, or our mark where nobody knows it."""
    return context.address() or f"urn:heroku-autopromote:{context.keys.mark}"


def _signatures(
    context: Context, to: Receiver, id: str, now: datetime, content: str
) -> Iterator[str]:
    for secret in secrets(context, to):
        yield Webhook(secret).sign(id, now, content)
