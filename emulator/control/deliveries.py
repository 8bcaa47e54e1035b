"""Control API: how webhooks are served, and how to wait for all deliveries."""

from dataclasses import asdict, replace

from flask import Blueprint, Response, jsonify

from emulator import apps
from emulator.api.body import read_body
from emulator.api.caller import world
from emulator.control.body import count_of, flag_of, number_of, only
from emulator.errors import NotFound
from emulator.records import Manners, Webhook

bp = Blueprint("control_deliveries", __name__, url_prefix="/_emulator")

LONGEST = 10.0


@bp.get("/webhooks")
def index() -> Response:
    """Return all webhooks of all apps and repositories, without their secrets."""
    return jsonify([_shape(webhook) for webhook in world().webhooks.values()])


@bp.patch("/webhooks/<webhook_id>")
def serve_badly(webhook_id: str) -> Response:
    """Set `delay` (seconds), `shuffle`, `repeats` and `duplicates` of the webhook from now on."""
    if webhook_id not in world().webhooks:
        raise NotFound("webhook")
    body = read_body()
    only(body, "delay", "shuffle", "repeats", "duplicates")
    manners = Manners(
        delay=number_of(body, "delay") or 0.0,
        shuffle=flag_of(body, "shuffle"),
        repeats=count_of(body, "repeats"),
        duplicates=count_of(body, "duplicates"),
    )
    webhook = replace(world().webhooks[webhook_id], manners=manners)
    world().webhooks[webhook_id] = webhook
    return jsonify(_shape(webhook))


@bp.get("/apps/<identity>/deliveries")
def of_app(identity: str) -> Response:
    """Return all deliveries about an app, with the payloads of their events, despite all faults."""
    app = apps.get_app(world(), identity)
    found = ((each, world().events[each.event_id]) for each in world().deliveries.values())
    return jsonify(
        [
            {
                "id": delivery.id,
                "status": delivery.status,
                "event": {"id": event.id, "payload": event.payload},
            }
            for delivery, event in found
            if event.app_id == app.id
        ]
    )


@bp.post("/flush")
@bp.post("/webhooks/flush")
def flush() -> Response:
    """Wait until nothing is queued, at most ten seconds or `{"seconds"}`; return whether it is."""
    seconds = number_of(read_body(), "seconds")
    idle = world().settle(LONGEST if seconds is None else min(seconds, LONGEST))
    return jsonify(asdict(idle))


def _shape(webhook: Webhook) -> dict[str, object]:
    app = world().apps.get(webhook.app_id)
    return {
        "id": webhook.id,
        "app": {"id": app.id, "name": app.name} if app else None,
        "repository": webhook.repository,
        "url": webhook.url,
        "level": webhook.level,
        "queued": len(world().queues.get(webhook.id, [])),
        **asdict(webhook.manners),
    }
