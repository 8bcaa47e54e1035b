"""What a webhook delivery tells: one event, read from a body that is known to be Heroku's."""

from __future__ import annotations

from dataclasses import dataclass

from listener.heroku.resources import Artifact, artifact_of, commit_of
from listener.heroku.signature import VerifiedBody
from listener.outbound.fields import Fields, Unreadable, loads

RELEASE = "release"


class MalformedEvent(Exception):
    """An authentic body that does not say what we need; the reason names what is wrong."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class EventRelease:
    """The release that an event is about, as it was when the event happened."""

    id: str
    version: int
    status: str  # Heroku's word, not an enum: new ones may come
    current: bool
    artifact: Artifact | None
    commit: str | None
    stack: str | None
    description: str | None
    user_email: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to an app; one release makes several, so none of them names work."""

    id: str
    action: str
    resource: str
    app_id: str
    app_name: str
    delivery_id: str | None
    webhook_id: str | None
    include: str | None
    release: EventRelease | None


def parse(body: VerifiedBody) -> Event:
    """Read a delivery; whatever may be wrong with it is a `MalformedEvent`."""
    try:
        return _event(Fields(loads(body.content)))
    except Unreadable as error:
        raise MalformedEvent(str(error)) from error


def _event(fields: Fields) -> Event:
    data, resource = fields.part("data"), fields.text("resource")
    app = data.part("app")
    # Not every captured payload has it.
    about = fields.part("webhook_metadata") if fields.has("webhook_metadata") else None
    return Event(
        id=fields.text("id"),
        action=fields.text("action"),
        resource=resource,
        app_id=app.text("id"),
        app_name=app.words("name") or "",
        delivery_id=_about(about, "delivery", "id"),
        webhook_id=_about(about, "webhook", "id"),
        include=_about(about, "event", "include"),
        release=_release(data) if resource == RELEASE else None,
    )


def _release(data: Fields) -> EventRelease:
    slug = data.part("slug") if data.has("slug") else None
    user = data.part("user") if data.has("user") else None
    return EventRelease(
        id=data.text("id"),
        version=data.number("version"),
        status=data.text("status"),
        current=data.flag("current"),
        artifact=artifact_of(data),
        commit=commit_of(slug) if slug else None,
        stack=data.words("stack"),
        description=data.words("description"),
        user_email=user.words("email") if user else None,
    )


def _about(metadata: Fields | None, part: str, key: str) -> str | None:
    if metadata is None or not metadata.has(part):
        return None
    found = metadata.part(part)
    return found.text(key) if found.has(key) else None
