"""Heroku's own records of the webhooks on an app, and of what it delivered to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from listener.heroku.fields import Fields
from listener.heroku.resources import read

_URL_LENGTH = 2048


@dataclass(frozen=True, slots=True)
class Webhook:
    """A subscription to what happens to an app; its secret is never shown."""

    id: str
    app_id: str
    app_name: str
    url: str
    level: str
    include: tuple[str, ...]

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read Heroku's JSON of one webhook."""
        return read("webhook", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        app = fields.part("app")
        return cls(
            id=fields.text("id"),
            app_id=app.text("id"),
            app_name=app.words("name") or "",
            url=fields.text("url", limit=_URL_LENGTH),
            level=fields.text("level"),
            include=fields.texts("include"),
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """How Heroku fared with handing one event to one webhook."""

    id: str
    status: str
    num_attempts: int
    code: int | None
    created_at: datetime
    webhook_id: str | None

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read Heroku's JSON of one webhook delivery."""
        return read("delivery", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        last = fields.part("last_attempt") if fields.has("last_attempt") else None
        return cls(
            id=fields.text("id"),
            status=fields.text("status"),
            num_attempts=fields.number("num_attempts", least=0),
            code=last.number("code", least=0) if last and last.has("code") else None,
            created_at=fields.moment("created_at"),
            webhook_id=fields.part("webhook").words("id") if fields.has("webhook") else None,
        )
