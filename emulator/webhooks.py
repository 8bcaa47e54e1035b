"""Webhooks: the subscriptions of each app, and their secrets."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from emulator.errors import InvalidParams, NotFound
from emulator.records import App, Webhook
from emulator.state import State, new_id

MOST = 10
LEVELS = ("notify", "sync")
ENTITIES = frozenset(
    {
        "api:addon-attachment",
        "api:addon",
        "api:app",
        "api:build",
        "api:collaborator",
        "api:domain",
        "api:dyno",
        "api:formation",
        "api:release",
        "api:sni-endpoint",
        "api:ssl-endpoint",
        "dyno",
    }
)


def of_app(world: State, app: App) -> list[Webhook]:
    """Return the webhooks of an app, oldest first."""
    return [webhook for webhook in world.webhooks.values() if webhook.app_id == app.id]


def get_webhook(world: State, app: App, webhook_id: str) -> Webhook:
    """Return the webhook of the app with this id. Raises NotFound."""
    webhook = world.webhooks.get(webhook_id)
    if webhook is None or webhook.app_id != app.id:
        raise NotFound("webhook")
    return webhook


def create(world: State, app: App, wanted: Mapping[str, Any]) -> Webhook:
    """Create a webhook; generate a secret if none is given, as Heroku does.

    Raises InvalidParams.
    """
    for name in ("include", "level", "url"):
        if name not in wanted:
            raise InvalidParams(f"Missing required param: {name}")
    if len(of_app(world, app)) >= MOST:
        raise InvalidParams(f"You have reached the limit of {MOST} webhooks for this app.")
    now = world.now()
    webhook = Webhook(
        id=new_id(),
        app_id=app.id,
        url=_url(wanted["url"]),
        level=_level(wanted["level"]),
        include=_include(wanted["include"]),
        secret=_text("secret", wanted.get("secret")) or secrets.token_hex(30),
        authorization=_text("authorization", wanted.get("authorization")),
        created_at=now,
        updated_at=now,
    )
    world.webhooks[webhook.id] = webhook
    return webhook


def update(world: State, webhook: Webhook, wanted: Mapping[str, Any]) -> Webhook:
    """Change the given fields of the webhook; the others stay. Raises InvalidParams."""
    readers: dict[str, Callable[[Any], Any]] = {
        "url": _url,
        "level": _level,
        "include": _include,
        "secret": lambda value: _text("secret", value) or webhook.secret,
        "authorization": lambda value: _text("authorization", value),
    }
    changes = {name: read(wanted[name]) for name, read in readers.items() if name in wanted}
    changed = replace(webhook, updated_at=world.now(), **changes)
    world.webhooks[webhook.id] = changed
    return changed


def delete(world: State, webhook: Webhook) -> None:
    """Delete the webhook; queued deliveries are never sent."""
    del world.webhooks[webhook.id]
    world.queues.pop(webhook.id, None)
    world.changed.notify_all()


def _url(value: Any) -> str:
    if not isinstance(value, str) or urlsplit(value).scheme not in ("http", "https"):
        raise InvalidParams("Url must be a valid http or https URL")
    if not urlsplit(value).hostname:
        raise InvalidParams("Url must be a valid http or https URL")
    return value


def _level(value: Any) -> str:
    if value not in LEVELS:
        raise InvalidParams("Level must be one of notify, sync")
    return str(value)


def _include(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise InvalidParams("Include must be a list of entities")
    unknown = [str(each) for each in value if each not in ENTITIES]
    if unknown:
        raise InvalidParams(f"Include has unknown entities: {', '.join(unknown)}")
    return tuple(value)


def _text(name: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise InvalidParams(f"{name.capitalize()} must be a string")
    return value
