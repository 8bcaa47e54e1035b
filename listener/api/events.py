"""Events: what Heroku told and what was decided, as it came."""

from __future__ import annotations

from typing import Literal

from flask import Blueprint

from listener.api import fields
from listener.api.answers import Answer, Id, Ref, Time, returns_list
from listener.api.auth import On, needs
from listener.api.services import context
from listener.roles import Role
from listener.services import events
from listener.services.events import EventView

bp = Blueprint("events", __name__, url_prefix="/api/events")


class Event(Answer):
    """One thing that happened: to a delivery of Heroku's, or to a promotion.

    A promotion's `event` is its status then; a delivery has `arrived`, was `replayed` by somebody,
    or is `settled`. `app` is a promotion's target.
    """

    id: str
    at: Time
    type: Literal["delivery", "decision"]
    event: str
    message: str
    app: Ref | None
    source: Ref | None
    version: int | None
    promotion: Id | None
    delivery: Id | None

    @classmethod
    def of(cls, view: EventView) -> Event:
        """Return an event."""
        app_id, source_id = view.app_id, view.source_id
        promotion, delivery = view.promotion_id, view.delivery_id
        return cls(
            id=view.id,
            at=view.at,
            type="delivery" if promotion is None else "decision",
            event=view.event,
            message=view.message,
            app=Ref.of(app_id, view.names) if app_id is not None else None,
            source=Ref.of(source_id, view.names) if source_id is not None else None,
            version=view.version,
            promotion=Id(id=str(promotion)) if promotion is not None else None,
            delivery=Id(id=str(delivery)) if delivery is not None else None,
        )


@bp.get("")
@needs(Role.VIEWER, on=On.APPS)
@returns_list(Event, queries=("app", "since", "limit"), problems=(422,))
def list_() -> list[Event]:
    """List what happened last, the newest at the end; of one app and since a moment, if given."""
    found = events.list_(
        context(), app=fields.text("app"), since=fields.moment("since"), limit=fields.limit()
    )
    return [Event.of(view) for view in found]
