"""Control API: the log of requests to the Platform API."""

from dataclasses import asdict

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from emulator.api.caller import world
from emulator.records import Exchange
from emulator.times import fine_stamp

bp = Blueprint("control_requests", __name__, url_prefix="/_emulator/requests")


@bp.get("")
def index() -> Response:
    """Return all requests so far, oldest first, without control requests."""
    return jsonify([exchange_shape(exchange) for exchange in world().exchanges])


@bp.delete("")
def clear() -> ResponseReturnValue:
    """Clear the log."""
    world().exchanges.clear()
    return "", 204


def exchange_shape(exchange: Exchange) -> dict[str, object]:
    """Return an entry of a log of requests."""
    times = {"arrived_at": fine_stamp(exchange.arrived_at), "at": fine_stamp(exchange.at)}
    return asdict(exchange) | times
