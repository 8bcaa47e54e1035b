"""How webhooks are served, and waiting until everything is delivered."""

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
    """All webhooks of all apps, without their secrets."""
    return jsonify([_shape(webhook) for webhook in world().webhooks.values()])


@bp.patch("/webhooks/<webhook_id>")
def serve_badly(webhook_id: str) -> Response:
    """From now on: `delay` seconds, `shuffle`, `repeats` and `duplicates` of each delivery."""
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
    """The deliveries about an app and their events' payloads, whatever goes wrong."""
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
    """Wait, ten seconds or `{"seconds"}` at most, until nothing is queued; says whether so."""
    seconds = number_of(read_body(), "seconds")
    idle = world().settle(LONGEST if seconds is None else min(seconds, LONGEST))
    return jsonify(asdict(idle))


def _shape(webhook: Webhook) -> dict[str, object]:
    app = world().apps[webhook.app_id]
    return {
        "id": webhook.id,
        "app": {"id": app.id, "name": app.name},
        "url": webhook.url,
        "level": webhook.level,
        "queued": len(world().queues.get(webhook.id, [])),
        **asdict(webhook.manners),
    }
