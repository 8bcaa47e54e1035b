"""The log of what clients asked the Platform API."""

from dataclasses import asdict

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from emulator.api.caller import world
from emulator.records import Exchange
from emulator.times import fine_stamp

bp = Blueprint("control_requests", __name__, url_prefix="/_emulator/requests")


@bp.get("")
def index() -> Response:
    """All requests so far, oldest first; control requests are not among them."""
    return jsonify([_shape(exchange) for exchange in world().exchanges])


@bp.delete("")
def clear() -> ResponseReturnValue:
    """Forget them."""
    world().exchanges.clear()
    return "", 204


def _shape(exchange: Exchange) -> dict[str, object]:
    return asdict(exchange) | {"at": fine_stamp(exchange.at)}
