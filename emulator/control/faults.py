"""Control API: puts faults, and refuses connections."""

from collections.abc import Callable
from dataclasses import asdict

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from emulator.api.body import optional_text_of, read_body, text_of
from emulator.api.caller import world
from emulator.control.body import count_of, flag_of, number_of, object_of, only, texts_of
from emulator.door import WIRE
from emulator.errors import InvalidParams, NotFound
from emulator.faults import HEROKU, Fault
from emulator.records import Json
from emulator.state import new_id

bp = Blueprint("control_faults", __name__, url_prefix="/_emulator")

REFUSE = "emulator.refuse"
FIELDS = (
    "kind",
    "method",
    "path",
    "host",
    "app",
    "applied",
    "status",
    "body",
    "content_type",
    "headers",
    "before",
    "after",
    "seconds",
    "of",
    "drop",
    "set",
    "chance",
    "seed",
    "times",
    "skip",
)


@bp.get("/faults")
def index() -> Response:
    """Return the faults that were put, and how many requests each matched and struck."""
    return jsonify([_shape(fault) for fault in world().faults.all()])


@bp.post("/faults")
def put() -> ResponseReturnValue:
    """Put a fault that matching requests meet; see `emulator.faults.Fault`."""
    fault = _fault(read_body())
    world().faults.put(fault)
    return jsonify(_shape(fault)), 201


@bp.delete("/faults/<fault_id>")
def remove(fault_id: str) -> ResponseReturnValue:
    """Remove one fault."""
    if not world().faults.remove(fault_id):
        raise NotFound("fault")
    return "", 204


@bp.delete("/faults")
def clear() -> ResponseReturnValue:
    """Remove all faults."""
    world().faults.clear()
    return "", 204


@bp.post("/refuse")
@bp.post("/close")
def refuse() -> ResponseReturnValue:
    """Refuse all connections for `{"seconds"}`, also those to this API."""
    seconds = number_of(read_body(), "seconds") or 1.0
    hook: Callable[[float, object], None] | None = current_app.extensions.get(REFUSE)
    if hook is None:
        raise InvalidParams("There is no socket to close: the emulator runs in process.")
    hook(seconds, request.environ.get(WIRE))
    return jsonify({"seconds": seconds}), 202, {"Connection": "close"}


def _shape(fault: Fault) -> Json:
    return asdict(fault)


def _fault(body: Json) -> Fault:
    only(body, *FIELDS)
    times = count_of(body, "times") if body.get("times") is not None else None
    if times == 0:
        raise InvalidParams("times must be at least 1.")
    chance = number_of(body, "chance")
    chance = 1.0 if chance is None else chance
    if not 0 <= chance <= 1:
        raise InvalidParams("chance must be from 0 to 1.")
    return Fault(
        id=new_id(),
        kind=text_of(body, "kind"),
        method=optional_text_of(body, "method") or ".*",
        path=optional_text_of(body, "path") or ".*",
        host=optional_text_of(body, "host") or HEROKU,
        app=optional_text_of(body, "app"),
        applied=flag_of(body, "applied"),
        status=count_of(body, "status", 503),
        body=body.get("body"),
        content_type=optional_text_of(body, "content_type"),
        headers={name: str(value) for name, value in object_of(body, "headers").items()},
        before=number_of(body, "before") or 0.0,
        after=number_of(body, "after") or 0.0,
        seconds=number_of(body, "seconds") or 0.0,
        of=optional_text_of(body, "of") or "list",
        drop=tuple(texts_of(body, "drop") or ()),
        set=object_of(body, "set"),
        chance=chance,
        seed=count_of(body, "seed", 7),
        times=times,
        skip=count_of(body, "skip"),
    )
