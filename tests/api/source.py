"""A source app that the listener subscribed to, and the deliveries that Heroku makes of it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from listener.app import Parts
from listener.core.app import App
from listener.db import apps, queries, subscriptions
from listener.db.tables import app, delivery, secret, subscription
from listener.heroku import HEADER, sign

CAPTURED = Path(__file__).parents[1] / "heroku" / "payloads" / "release-create.json"
SECRET = "a webhook secret"


class Source:
    """One app, one subscription, one secret unless more are added."""

    def __init__(self, parts: Parts, name: str) -> None:
        self._parts = parts
        self.id = f"id-of-{name}"
        self.secret = f"{SECRET} of {name}"
        with parts.database.begin() as conn:
            apps.ensure(conn, App(self.id, name, "heroku-24", "cedar", False))
            subscriptions.add(conn, self.id, url="https://x", by="ana@example.com")
            self.subscription_id = subscriptions.live(conn, app_id=self.id)[0].id
        self.secret_id = self.add_secret(self.secret)

    def add_secret(self, text: str, *, keys: Any = None) -> int:
        """Another secret, the newest."""
        sealed = (keys or self._parts.keys).seal(text.encode())
        with self._parts.database.begin() as conn:
            return subscriptions.add_pending(conn, self.subscription_id, sealed)

    def event(
        self, *, delivery_id: str = "d-1", version: int = 42, **changes: Any
    ) -> dict[str, Any]:
        """A captured event, as if it were this app's."""
        body: dict[str, Any] = json.loads(CAPTURED.read_text())
        body["data"]["app"] |= {"id": self.id}
        body["data"]["version"] = version
        body["webhook_metadata"]["delivery"]["id"] = delivery_id
        return body | changes

    def signed(self, body: bytes, secret: str | None = None) -> dict[str, Any]:
        """What `client.post` takes for a delivery that is signed."""
        signature = sign(body, secret or self.secret)
        return {"data": body, "headers": {HEADER: signature, "Content-Type": "application/json"}}

    def told(self, **changes: Any) -> dict[str, Any]:
        """What `client.post` takes for a delivery of such an event."""
        return self.signed(json.dumps(self.event(**changes)).encode())

    # What the database has.

    def deliveries(self) -> list[Row[Any]]:
        """Every delivery kept, oldest first."""
        with self._parts.database.begin() as conn:
            return list(conn.execute(select(delivery).order_by(delivery.c.id)))

    def row(self) -> Row[Any]:
        """The app."""
        with self._parts.database.begin() as conn:
            return conn.execute(select(app).where(app.c.id == self.id)).one()

    def look_at(self) -> datetime | None:
        """When the app is looked at next."""
        with self._parts.database.begin() as conn:
            return queries.look_of(conn, self.id).at

    def subscription(self) -> Row[Any]:
        """The subscription."""
        wanted = subscription.c.id == self.subscription_id
        with self._parts.database.begin() as conn:
            return conn.execute(select(subscription).where(wanted)).one()

    def secret_row(self) -> Row[Any]:
        """The first secret."""
        with self._parts.database.begin() as conn:
            return conn.execute(select(secret).where(secret.c.id == self.secret_id)).one()
