"""What the caller may do to an app, and pre-authorization by a second factor.

The Heroku CLI and an old client name two capabilities; what a deploy needs is not public.
"""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, request

from emulator import apps
from emulator.api.body import read_known, text_of
from emulator.api.caller import account, check_code, get_app, world
from emulator.errors import InvalidParams, MissingVersion
from emulator.records import Json

bp = Blueprint("capabilities", __name__)

VARIANTS = ("version=3.sdk", "version=3.capabilities")
KNOWN = ("view", "manage_dynos")
LASTS = timedelta(minutes=10)  # a guess


@bp.put("/users/~/capabilities")
def capabilities() -> Response:
    """Return, for each capability asked about, whether the caller has it."""
    if not any(
        variant in request.headers.get("Accept", "").replace(" ", "") for variant in VARIANTS
    ):
        raise MissingVersion("Please specify the capabilities variant of Heroku's API.\n")
    asked = read_known("capabilities").get("capabilities")
    if not isinstance(asked, list) or not all(isinstance(each, dict) for each in asked):
        raise InvalidParams("Require params: capabilities.")
    return jsonify({"capabilities": [_answer(each) for each in asked]})


def _answer(asked: dict[str, Any]) -> Json:
    name, kind = text_of(asked, "capability"), text_of(asked, "resource_type")
    if name not in KNOWN or kind != "app":
        raise InvalidParams(f"Unknown capability: {name} of {kind}.")
    app = apps.find_app(world(), text_of(asked, "resource_id"))
    is_usable = app is not None and apps.may_use(app, account())
    return {
        "capability": name,
        "capable": is_usable,
        "requires_second_factor": app is not None and app.is_protected,
        "resource_canonical_id": app.id if app is not None else None,
    }


@bp.put("/apps/<identity>/pre-authorizations")
def preauthorize(identity: str) -> Response:
    """Accept a second factor for the caller's changes of an app in the next ten minutes."""
    app = get_app(identity)
    check_code()
    world().preauthorized[account().id, app.id] = world().now() + LASTS
    return jsonify({})
