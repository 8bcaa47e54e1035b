"""Deliveries: what Heroku told us, and what came of it."""

from __future__ import annotations

from flask import Blueprint

from listener.api import fields
from listener.api.answers import Answer, Id, Ref, ReleaseRef, Time, returns, returns_list
from listener.api.auth import On, needs, person
from listener.api.services import context
from listener.roles import Role
from listener.services import deliveries
from listener.services import replay as replaying
from listener.services.views import DeliveryView

bp = Blueprint("deliveries", __name__, url_prefix="/api/deliveries")


class Delivery(Answer):
    """What Heroku told, how often, and what came of it."""

    id: str
    app: Ref | None
    delivery_id: str | None
    event_id: str | None
    action: str | None
    release: ReleaseRef | None
    received_at: Time
    last_received_at: Time
    times: int
    outcome: str | None
    settled_at: Time | None
    subscription: Id | None

    @classmethod
    def of(cls, view: DeliveryView) -> Delivery:
        """Return a delivery, without its body."""
        row = view.row
        by = row.subscription_id
        return cls(
            id=str(row.id),
            app=Ref(id=row.app_id, name=view.app_name or row.app_id)
            if row.app_id is not None
            else None,
            delivery_id=row.delivery_id,
            event_id=row.event_id,
            action=row.action,
            release=ReleaseRef(id=row.release_id, version=row.version)
            if row.release_id is not None
            else None,
            received_at=row.received_at,
            last_received_at=row.last_received_at,
            times=row.times,
            outcome=row.outcome,
            settled_at=row.settled_at,
            subscription=Id(id=str(by)) if by is not None else None,
        )


@bp.get("/<delivery>")
@needs(Role.VIEWER, on=On.APPS)
@returns(Delivery, problems=(404,))
def show(delivery: str) -> Delivery:
    """Show one delivery, and what came of it."""
    return Delivery.of(replaying.get(context(), delivery))


@bp.post("/<delivery>/actions/replay")
@needs(Role.APPROVER, on=On.APPS)
@returns(Delivery, problems=(404, 409))
def replay(delivery: str) -> Delivery:
    """Decide anew on what a delivery was about; nothing is posted that was posted."""
    return Delivery.of(replaying.replay(context(), delivery, by=person().email))


@bp.get("")
@needs(Role.VIEWER, on=On.APPS)
@returns_list(Delivery, queries=("app", "limit"))
def list_() -> list[Delivery]:
    """List the deliveries, newest first."""
    found = deliveries.list_(context(), app=fields.text("app"), limit=fields.limit())
    return [Delivery.of(view) for view in found]
