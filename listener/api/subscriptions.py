"""Subscriptions: the listener's own webhooks on source apps."""

from __future__ import annotations

from flask import Blueprint, request

from listener.api import fields
from listener.api.answers import HEROKU, Answer, Ref, Time, returns, returns_list
from listener.api.auth import On, needs, person
from listener.api.caller import reached_at
from listener.api.fields import AppName
from listener.api.request_body import Body, takes
from listener.api.services import context, services
from listener.db.subscriptions import SecretRow, SecretState
from listener.roles import Role
from listener.services.subscriptions import SubscriptionsDesk
from listener.services.views import SubscriptionView

bp = Blueprint("subscriptions", __name__, url_prefix="/api/subscriptions")


class Secret(Answer):
    """What became of a webhook secret; never the secret."""

    state: SecretState
    created_at: Time
    proved_at: Time | None
    valid_until: Time | None

    @classmethod
    def of(cls, row: SecretRow) -> Secret:
        """Return what became of a secret."""
        return cls(
            state=row.state,
            created_at=row.created_at,
            proved_at=row.proved_at,
            valid_until=row.valid_until,
        )


class Subscription(Answer):
    """The listener's webhook on a source app."""

    id: str
    app: Ref
    url: str
    level: str
    healthy: bool | None
    health: str
    heroku_id: str | None
    last_delivery_at: Time | None
    secrets: list[Secret]
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, view: SubscriptionView) -> Subscription:
        """Return a subscription."""
        row = view.row
        return cls(
            id=str(row.id),
            app=Ref(id=row.app_id, name=view.app_name),
            url=row.url,
            level=row.level,
            healthy=view.is_healthy,
            health=view.health,
            heroku_id=row.heroku_id,
            last_delivery_at=row.last_delivery_at,
            secrets=[Secret.of(secret) for secret in row.secrets],
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class SubscriptionBody(Body):
    """The app whose releases Heroku is to tell us of."""

    app: AppName


class RotationBody(Body):
    """Whether the old secret counts no more at once, as after a leak."""

    now: bool = False


def _desk() -> SubscriptionsDesk:
    return services().subscriptions.of(context())


@bp.get("")
@needs(Role.VIEWER, on=On.APPS)
@returns_list(Subscription, queries=("app", "limit"))
def list_() -> list[Subscription]:
    """List the subscriptions, newest first."""
    found = _desk().list_(app=fields.text("app"), limit=fields.limit())
    return [Subscription.of(view) for view in found]


@bp.post("")
@needs(Role.ADMIN, on=On.APPS)
@takes(SubscriptionBody)
@returns(Subscription, 201, also=200, problems=HEROKU)
def add(body: SubscriptionBody) -> tuple[Subscription, int]:
    """Subscribe to the app; a subscription that is there already is repaired, if it needs to be."""
    services().own_address.learn(reached_at(), by=person().email, rights=person().rights)
    view, is_made = _desk().add(body.app, by=person().email, reached_at=request.host)
    return Subscription.of(view), 201 if is_made else 200


@bp.get("/<subscription>")
@needs(Role.VIEWER, on=On.APPS)
@returns(Subscription, problems=(404, 429))
def show(subscription: str) -> Subscription:
    """Show one subscription, by id or app, compared with what Heroku has of it."""
    return Subscription.of(_desk().get(subscription))


@bp.post("/<subscription>/actions/rotate")
@needs(Role.ADMIN, on=On.APPS)
@takes(RotationBody)
@returns(Subscription, problems=HEROKU)
def rotate(body: RotationBody, subscription: str) -> Subscription:
    """Give Heroku a new secret to sign with."""
    view = _desk().rotate(subscription, now=body.now, by=person().email)
    return Subscription.of(view)


@bp.delete("/<subscription>")
@needs(Role.ADMIN, on=On.APPS)
@returns(Subscription, problems=(404, 429, 502))
def remove(subscription: str) -> Subscription:
    """Remove the subscription; Heroku tells us of the app no more."""
    view = _desk().remove(subscription, by=person().email)
    return Subscription.of(view)
