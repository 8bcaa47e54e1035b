"""Subscriptions: the listener's own webhooks on source apps."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from listener.api import fields, shapes
from listener.api.auth import needs, person
from listener.api.fields import AppName
from listener.api.request_body import Body, takes
from listener.api.services import services
from listener.roles import Role

bp = Blueprint("subscriptions", __name__, url_prefix="/api/subscriptions")


class SubscriptionBody(Body):
    """The app whose releases Heroku is to tell us of."""

    app: AppName


class RotationBody(Body):
    """Whether the old secret counts no more at once, as after a leak."""

    now: bool = False


@bp.get("")
@needs(Role.VIEWER)
def list_() -> ResponseReturnValue:
    """List the subscriptions, newest first."""
    found = services().subscriptions.list_(app=fields.text("app"), limit=fields.limit())
    return jsonify([shapes.subscription(view) for view in found])


@bp.post("")
@needs(Role.ADMIN)
@takes(SubscriptionBody)
def add(body: SubscriptionBody) -> ResponseReturnValue:
    """Subscribe to the app; a subscription that is there already is repaired, if it needs to be."""
    view, is_made = services().subscriptions.add(
        body.app, by=person().email, reached_at=request.host
    )
    return jsonify(shapes.subscription(view)), 201 if is_made else 200


@bp.get("/<subscription>")
@needs(Role.VIEWER)
def show(subscription: str) -> ResponseReturnValue:
    """Show one subscription, by id or app, compared with what Heroku has of it."""
    return jsonify(shapes.subscription(services().subscriptions.get(subscription)))


@bp.post("/<subscription>/actions/rotate")
@needs(Role.ADMIN)
@takes(RotationBody)
def rotate(body: RotationBody, subscription: str) -> ResponseReturnValue:
    """Give Heroku a new secret to sign with."""
    view = services().subscriptions.rotate(subscription, now=body.now, by=person().email)
    return jsonify(shapes.subscription(view))


@bp.delete("/<subscription>")
@needs(Role.ADMIN)
def remove(subscription: str) -> ResponseReturnValue:
    """Remove the subscription; Heroku tells us of the app no more."""
    view = services().subscriptions.remove(subscription, by=person().email)
    return jsonify(shapes.subscription(view))
