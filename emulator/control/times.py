"""Control API: lets time pass."""

from datetime import timedelta

from flask import Blueprint, Response, jsonify

from emulator import ageing
from emulator.api.body import read_body
from emulator.api.caller import world
from emulator.control.body import number_of, only
from emulator.errors import InvalidParams

bp = Blueprint("control_times", __name__, url_prefix="/_emulator")


@bp.post("/age")
def age() -> Response:
    """Have all that is there happened `{"seconds"}` earlier."""
    body = read_body()
    only(body, "seconds")
    seconds = number_of(body, "seconds")
    if seconds is None:
        raise InvalidParams("Require params: seconds.")
    ageing.age(world(), timedelta(seconds=seconds))
    return jsonify({"seconds": seconds})
