"""App webhooks, their deliveries and their events."""

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from emulator import webhooks
from emulator.api.body import read_known
from emulator.api.caller import get_app, get_app_to_change, world
from emulator.api.lists import answer_list
from emulator.errors import NotFound
from emulator.ranges import Key
from emulator.records import Delivery, Event, Json, Webhook
from emulator.shapes import app_reference
from emulator.times import stamp

bp = Blueprint("webhooks", __name__, url_prefix="/apps/<identity>")

PARAMS = ("authorization", "include", "level", "secret", "url")
DELIVERIES: dict[str, Key[Delivery]] = {
    "seq": Key(lambda delivery: delivery.sequence, int),
    "id": Key(lambda delivery: delivery.id),
}


@bp.get("/webhooks")
def index(identity: str) -> Response:
    """Return the webhooks of an app."""
    app = get_app(identity)
    return jsonify([_shape(each) for each in webhooks.of_app(world(), app)])


@bp.post("/webhooks")
def create(identity: str) -> ResponseReturnValue:
    """Create a webhook; a generated secret is shown once, in a header."""
    app, body = get_app_to_change(identity), read_known(*PARAMS)
    webhook = webhooks.create(world(), app, body)
    answer = jsonify(_shape(webhook))
    if not body.get("secret"):
        answer.headers["Heroku-Webhook-Secret"] = webhook.secret
    return answer, 201


@bp.get("/webhooks/<webhook_id>")
def info(identity: str, webhook_id: str) -> Response:
    """Return one webhook."""
    return jsonify(_shape(webhooks.get_webhook(world(), get_app(identity), webhook_id)))


@bp.patch("/webhooks/<webhook_id>")
def update(identity: str, webhook_id: str) -> Response:
    """Change the fields that the body names."""
    webhook = webhooks.get_webhook(world(), get_app_to_change(identity), webhook_id)
    return jsonify(_shape(webhooks.update(world(), webhook, read_known(*PARAMS))))


@bp.delete("/webhooks/<webhook_id>")
def delete(identity: str, webhook_id: str) -> Response:
    """Delete the webhook."""
    webhook = webhooks.get_webhook(world(), get_app_to_change(identity), webhook_id)
    webhooks.delete(world(), webhook)
    return jsonify(_shape(webhook))


@bp.get("/webhook-deliveries")
def deliveries(identity: str) -> Response:
    """Return the deliveries of an app, or only those with the status in `eq[status]`."""
    status = request.args.get("eq[status]")
    shown = [
        each
        for each in _deliveries_of(get_app(identity).id)
        if status is None or each.status == status
    ]
    return answer_list(shown, DELIVERIES, _delivery_shape)


@bp.get("/webhook-deliveries/<delivery_id>")
def delivery_info(identity: str, delivery_id: str) -> Response:
    """Return one delivery."""
    for delivery in _deliveries_of(get_app(identity).id):
        if delivery.id == delivery_id:
            return jsonify(_delivery_shape(delivery))
    raise NotFound("webhook delivery")


@bp.get("/webhook-events")
def events(identity: str) -> Response:
    """Return the events of an app that had a subscriber."""
    app = get_app(identity)
    own = [event for event in world().events.values() if event.app_id == app.id]
    keys: dict[str, Key[Event]] = {
        "created_at": Key(lambda event: stamp(event.created_at)),
        "id": Key(lambda event: event.id),
    }
    return answer_list(own, keys, _event_shape)


@bp.get("/webhook-events/<event_id>")
def event_info(identity: str, event_id: str) -> Response:
    """Return one event."""
    app, event = get_app(identity), world().events.get(event_id)
    if event is None or event.app_id != app.id:
        raise NotFound("webhook event")
    return jsonify(_event_shape(event))


def _deliveries_of(app_id: str) -> list[Delivery]:
    ids = {webhook.id for webhook in world().webhooks.values() if webhook.app_id == app_id}
    return [each for each in world().deliveries.values() if each.webhook_id in ids]


def _shape(webhook: Webhook) -> Json:
    return {
        "app": app_reference(world().apps[webhook.app_id]),
        "created_at": stamp(webhook.created_at),
        "id": webhook.id,
        "include": list(webhook.include),
        "level": webhook.level,
        "updated_at": stamp(webhook.updated_at),
        "url": webhook.url,
    }


def _delivery_shape(delivery: Delivery) -> Json:
    attempt, next_at = delivery.last_attempt, delivery.next_attempt_at
    return {
        "created_at": stamp(delivery.created_at),
        "event": {
            "id": delivery.event_id,
            "include": world().events[delivery.event_id].include,
        },
        "id": delivery.id,
        "num_attempts": delivery.num_attempts,
        "next_attempt_at": stamp(next_at) if next_at else None,
        "last_attempt": {
            "id": attempt.id,
            "code": attempt.code,
            "error_class": attempt.error_class,
            "status": attempt.status,
            "created_at": stamp(attempt.created_at),
            "updated_at": stamp(attempt.updated_at),
        }
        if attempt
        else None,
        "status": delivery.status,
        "updated_at": stamp(delivery.updated_at),
        "webhook": {
            "id": delivery.webhook_id,
            "level": world().webhooks[delivery.webhook_id].level,
        },
    }


def _event_shape(event: Event) -> Json:
    shown = ("action", "actor", "data", "previous_data", "published_at", "resource", "version")
    return {
        "created_at": stamp(event.created_at),
        "id": event.id,
        "include": event.include,
        "payload": {name: event.payload[name] for name in shown},
        "updated_at": stamp(event.created_at),
    }
