"""Old deliveries that come once more, days late, signed with the current secret or an old one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import httpx

from reliability import truth
from reliability.ground import Ground
from reliability.people import SOURCES

HEADER = "Heroku-Webhook-Hmac-SHA256"
LATE = timedelta(hours=72)
DATES = ("created_at", "updated_at", "published_at")


@dataclass
class Post:
    """Sends events of the past to the listener, as Heroku's queue would."""

    ground: Ground
    chance: Random
    acknowledged: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)

    def deliver(self) -> None:
        """Send one event of a random source, with times as 72 hours ago."""
        source = self.chance.choice(SOURCES)
        events = [each["event"] for each in self.ground.heroku.deliveries(source)]
        secrets = self._secrets(source)
        if events and secrets:
            self._send(self.chance.choice(events), self.chance.choice(secrets[-2:]))

    def any_of(self, chance: Random) -> Iterator[tuple[bytes, dict[str, str]]]:
        """Sign, without end, events that the sources have had, with their newest secrets."""
        had = []
        for source in SOURCES:
            secret = self._secrets(source)[-1]
            had += [(each["event"], secret) for each in self.ground.heroku.deliveries(source)]
        while True:
            event, secret = chance.choice(had)
            yield _signed(_aged(event, str(uuid.uuid4())), secret)

    def secrets_in_use(self) -> list[str]:
        """Return the newest secret of each source's webhook."""
        return [self._secrets(source)[-1] for source in SOURCES]

    def rotate(self) -> None:
        """Rotate a random source's secret; deliveries signed with the old one may still come."""
        self.ground.type("webhooks:rotate", "--app", self.chance.choice(SOURCES))

    def violations(self) -> list[str]:
        """Return which authentic deliveries were refused, or acknowledged and not stored."""
        lost = sorted(self.acknowledged - truth.kept(self.ground))
        return [f"the authentic late delivery {one} was refused" for one in self.refused] + [
            f"the late delivery {one} was acknowledged and is not kept" for one in lost
        ]

    def _secrets(self, source: str) -> list[str]:
        """Return the secrets that Heroku got for an app's webhook, newest last."""
        names = self.ground.heroku.names()
        told = []
        for request in self.ground.heroku.requests():
            match request["path"].split("/")[1:4]:
                case ["apps", app, "webhooks"] if names.get(app, app) == source:
                    is_told = request["method"] in ("POST", "PATCH") and request["was_applied"]
                    told += [request["body"]["secret"]] if is_told else []
        return told

    def _send(self, event: Any, secret: str) -> None:
        delivery = str(uuid.uuid4())
        body, headers = _signed(_aged(event, delivery), secret)
        url = f"{self.ground.url}/webhooks/heroku"
        try:
            answer = httpx.post(url, content=body, headers=headers, timeout=30, trust_env=False)
        except httpx.TransportError:
            return
        if answer.is_success:
            self.acknowledged.add(delivery)
        elif answer.status_code == httpx.codes.UNAUTHORIZED:
            self.refused.append(delivery)


def _signed(payload: dict[str, Any], secret: str) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(payload).encode()
    digest = hmac.digest(secret.encode(), body, hashlib.sha256)
    told = {HEADER: base64.b64encode(digest).decode(), "Content-Type": "application/json"}
    return body, told


def _aged(event: Any, delivery: str) -> dict[str, Any]:
    """Return an event's payload with all its times set back by 72 hours."""
    payload = dict(event["payload"])
    for name in DATES:
        if name in payload:
            payload[name] = _before(payload[name])
    metadata = {
        "attempt": {"id": str(uuid.uuid4())},
        "delivery": {"id": delivery},
        "event": {"id": event["id"], "include": "api:release"},
        "webhook": {"id": str(uuid.uuid4())},
    }
    return {"id": event["id"], **payload, "webhook_metadata": metadata}


def _before(time: str) -> str:
    return (datetime.fromisoformat(time) - LATE).isoformat().replace("+00:00", "Z")
