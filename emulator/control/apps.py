"""Control API: creates and changes apps and pipelines."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from emulator import accounts, apps, pipelines
from emulator.api.body import optional_text_of, read_body, text_of
from emulator.api.caller import world
from emulator.api.pipeline_shapes import coupling_shape, pipeline_shape
from emulator.control.body import flag_of, number_of, object_of, only, texts_of
from emulator.errors import InvalidParams
from emulator.records import Account, Arrival, Json, Phase
from emulator.shapes import app_shape

bp = Blueprint("control_apps", __name__, url_prefix="/_emulator")

FIELDS = (
    "name",
    "stack",
    "generation",
    "container",
    "release_phase",
    "arrival",
    "collaborators",
    "owner",
    "protected",
    "buildpacks",
    "domains",
    "current",
)

LAST_TO_END = "last-to-end"
# Which of several releases with overlapping phases becomes current: Heroku does not document it.
CURRENT = ("highest", LAST_TO_END)


@bp.post("/apps")
def create() -> ResponseReturnValue:
    """Create an app; every account may use it, unless `collaborators` says who."""
    body = read_body()
    only(body, *FIELDS)
    owner = _owner(body) or apps.default_owner(world())
    people = _collaborators(body)
    app = apps.create(
        world(),
        text_of(body, "name"),
        owner=owner,
        collaborators=world().accounts.values() if people is None else people,
    )
    return jsonify(app_shape(world(), apps.update(world(), app, **_changes(body)))), 201


@bp.patch("/apps/<identity>")
def update(identity: str) -> Response:
    """Change an app; what the body does not name stays."""
    app, body = apps.get_app(world(), identity), read_body()
    only(body, *FIELDS)
    changes = _changes(body)
    if "name" in body:
        apps.check_name(world(), text_of(body, "name"))
        changes["name"] = body["name"]
    if owner := _owner(body):
        changes["owner_id"] = owner.id
    if (people := _collaborators(body)) is not None:
        changes["collaborator_ids"] = frozenset(each.id for each in people)
    return jsonify(app_shape(world(), apps.update(world(), app, **changes)))


@bp.delete("/apps/<identity>")
def delete(identity: str) -> Response:
    """Delete an app."""
    app = apps.get_app(world(), identity)
    shape = app_shape(world(), app)
    apps.delete(world(), app)
    return jsonify(shape)


@bp.post("/pipelines")
def create_pipeline() -> ResponseReturnValue:
    """Create a pipeline with apps: `{"name", "owner"?, "couplings": {"staging": ["a"], …}}`."""
    body = read_body()
    only(body, "name", "owner", "couplings")
    owner = _owner(body) or apps.default_owner(world())
    pipeline = pipelines.create(world(), text_of(body, "name"), owner)
    couplings = [
        pipelines.couple(world(), pipeline, apps.get_app(world(), name), stage)
        for stage, names in object_of(body, "couplings").items()
        for name in names
    ]
    shown = [coupling_shape(world(), each) for each in couplings]
    return jsonify(pipeline_shape(pipeline) | {"couplings": shown}), 201


@bp.post("/apps/<identity>/arrivals")
def arrive(identity: str) -> Response:
    """Let the pending pipeline promotions to an app arrive."""
    return jsonify({"arrived": pipelines.arrive(world(), apps.get_app(world(), identity))})


def _changes(body: Json) -> dict[str, Any]:
    """Return the changed fields of an app, apart from its name and people."""
    changes: dict[str, Any] = {}
    if (stack := optional_text_of(body, "stack")) is not None:
        changes["build_stack"] = stack
    if (generation := optional_text_of(body, "generation")) is not None:
        changes["generation"] = generation
        changes.setdefault("build_stack", apps.default_stack(generation))
    if flag_of(body, "container"):
        changes["build_stack"] = "container"
    changes |= {name: read(body[key]) for key, (name, read) in _READ.items() if key in body}
    if "protected" in body:
        changes["is_protected"] = flag_of(body, "protected")
    for name in ("buildpacks", "domains"):
        if (texts := texts_of(body, name)) is not None:
            changes[name] = tuple(texts)
    return changes


def _is_last_current(rule: Any) -> bool:
    if rule not in CURRENT:
        raise InvalidParams(f"current must be one of {', '.join(CURRENT)}.")
    return bool(rule == LAST_TO_END)


def _phase(wanted: Any) -> Phase | None:
    if wanted is None:
        return None
    if not isinstance(wanted, dict):
        raise InvalidParams('release_phase must be null or like {"seconds": 1.5, "fails": false}.')
    only(wanted, "seconds", "fails")
    return Phase(number_of(wanted, "seconds"), flag_of(wanted, "fails"))


def _arrival(wanted: Any) -> Arrival | None:
    if wanted is None:
        return None
    if not isinstance(wanted, dict):
        raise InvalidParams('arrival must be null or like {"seconds": 1.5, "error": null}.')
    only(wanted, "seconds", "error")
    return Arrival(number_of(wanted, "seconds"), optional_text_of(wanted, "error"))


_READ: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "release_phase": ("phase", _phase),
    "arrival": ("arrival", _arrival),
    "current": ("is_last_current", _is_last_current),
}


def _owner(body: Json) -> Account | None:
    email = optional_text_of(body, "owner")
    return accounts.ensure_account(world(), email) if email else None


def _collaborators(body: Json) -> list[Account] | None:
    emails = texts_of(body, "collaborators")
    if emails is None:
        return None
    return [accounts.ensure_account(world(), email) for email in emails]
