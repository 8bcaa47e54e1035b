"""The Metrics API: what the router and the dynos of an app did.

Heroku answers it on a host of its own; here it has the prefix `/_metrics`: a base URL is like
`http://127.0.0.1:5001/_metrics`. Source: @heroku/types 4.1.0, `src/metrics/schemas.json`. Not
known, and guessed: the scope, how late the newest minute is, the limits, the words of refusals.
"""

import re
from datetime import datetime, timedelta

from flask import Blueprint, Response, jsonify, request

from emulator import metrics
from emulator.api.caller import get_app, world
from emulator.api.problems import NO_ENDPOINT
from emulator.api.processes import formation_shapes
from emulator.errors import BadRequest, InvalidParams, NoSuchEndpoint
from emulator.metrics import Window
from emulator.records import App
from emulator.times import stamp

bp = Blueprint("metrics", __name__, url_prefix="/_metrics/apps/<identity>")

UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1)}


@bp.get("/router-metrics/<kind>")
def of_router(identity: str, kind: str) -> Response:
    """Return the latencies, the errors or the statuses of an app; `process_type` is ignored."""
    if kind not in metrics.KINDS:
        raise NoSuchEndpoint(NO_ENDPOINT)
    return _answer(get_app(identity), kind)


@bp.get("/formation/<kind>/metrics/errors")
def of_dynos(identity: str, kind: str) -> Response:
    """Return the errors of the dynos of one process type."""
    app = get_app(identity)
    if kind not in {each["type"] for each in formation_shapes(world(), app)}:
        raise BadRequest("invalid process_type provided")
    return _answer(app, metrics.of_dynos(kind))


def _answer(app: App, kind: str) -> Response:
    window = Window(
        _time("start_time"),
        _time("end_time"),
        _step(request.args.get("step", "1m")),
        known_until=world().now() - world().metrics_delay,
    )
    return jsonify(
        {
            "start_time": stamp(window.start),
            "end_time": stamp(window.end),
            "step": window.step // metrics.MINUTE,
            "data": metrics.read(world().metrics[app.id], kind, window),
        }
    )


def _time(name: str) -> datetime:
    try:
        found = datetime.fromisoformat(request.args.get(name, ""))
    except ValueError:
        raise InvalidParams(f"{name} must be a time such as 2026-03-02T12:00:00Z.") from None
    if found.tzinfo is None:
        raise InvalidParams(f"{name} must have a zone.")
    return found


def _step(text: str) -> timedelta:
    if not (match := re.fullmatch(r"(\d{1,4})([mh])", text)):
        raise InvalidParams("step must be like 1m or 1h.")
    return int(match[1]) * UNITS[match[2]]
