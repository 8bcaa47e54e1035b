"""Control API: what the router and the dynos of an app did."""

from collections.abc import Iterator
from datetime import timedelta

from flask import Blueprint, Response, jsonify

from emulator import apps, metrics
from emulator.api.body import read_body
from emulator.api.caller import world
from emulator.control.body import number_of, object_of, only
from emulator.errors import InvalidParams
from emulator.metrics import Series
from emulator.records import Json

bp = Blueprint("control_metrics", __name__, url_prefix="/_emulator")


@bp.post("/apps/<identity>/metrics")
def add(identity: str) -> Response:
    """Add to a minute's values: this one's, or those of so many `minutes_ago`."""
    app, body = apps.get_app(world(), identity), read_body()
    only(body, "minutes_ago", "dynos", *metrics.KINDS)
    at = world().now() - timedelta(minutes=number_of(body, "minutes_ago") or 0.0)
    for kind, series in _kinds(body):
        metrics.add(world().metrics[app.id], kind, at, series)
    return jsonify({"at": at.isoformat()})


@bp.post("/metrics-delay")
def set_delay() -> Response:
    """Set how many `seconds` pass until a minute can be read."""
    body = read_body()
    only(body, "seconds")
    world().metrics_delay = timedelta(seconds=number_of(body, "seconds") or 0.0)
    return jsonify({"seconds": world().metrics_delay.total_seconds()})


def _kinds(body: Json) -> Iterator[tuple[str, Series]]:
    for kind in metrics.KINDS:
        yield kind, _series(object_of(body, kind))
    for process_type, series in object_of(body, "dynos").items():
        yield metrics.of_dynos(process_type), _series(series)


def _series(values: object) -> Series:
    if not isinstance(values, dict):
        raise InvalidParams('Series must be like {"H12": 3}.')
    return {name: number_of(values, name) or 0.0 for name in values}
