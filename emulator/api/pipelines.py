"""Pipelines, couplings and promotions."""

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from emulator import apps, pipelines
from emulator.api.body import id_in, read_known, text_of
from emulator.api.caller import (
    account,
    check_factor,
    get_app,
    get_app_to_change,
    get_pipeline,
    may_see,
    world,
)
from emulator.api.pipeline_shapes import (
    coupling_shape,
    pipeline_shape,
    promotion_shape,
    target_shape,
)
from emulator.errors import InvalidParams, NotFound
from emulator.records import Coupling, Json, Release
from emulator.shapes import release_shape

bp = Blueprint("pipelines", __name__)


@bp.get("/pipelines")
def index() -> Response:
    """Return the pipelines that the caller may see, or only the one that `eq[name]` names."""
    name = request.args.get("eq[name]")
    shown = [each for each in world().pipelines.values() if name in (None, each.name)]
    return jsonify([pipeline_shape(each) for each in shown if may_see(each)])


@bp.post("/pipelines")
def create() -> ResponseReturnValue:
    """Create a pipeline for the caller."""
    body = read_known("name", "owner", "generation")
    made = pipelines.create(world(), text_of(body, "name"), account())
    return jsonify(pipeline_shape(made)), 201


@bp.get("/pipelines/<identity>")
def info(identity: str) -> Response:
    """Return one pipeline, by id or name."""
    return jsonify(pipeline_shape(get_pipeline(identity)))


@bp.get("/pipelines/<identity>/pipeline-couplings")
def couplings(identity: str) -> Response:
    """Return the couplings of a pipeline."""
    return _couplings(pipelines.of_pipeline(world(), get_pipeline(identity)))


@bp.get("/pipeline-couplings")
def all_couplings() -> Response:
    """Return the couplings of all apps that the caller may use."""
    own = [
        each
        for each in world().couplings.values()
        if apps.may_use(world().apps[each.app_id], account())
    ]
    return _couplings(own)


@bp.post("/pipeline-couplings")
def couple() -> ResponseReturnValue:
    """Add an app to a pipeline at a stage."""
    body = read_known("app", "pipeline", "stage")
    app = get_app_to_change(text_of(body, "app"))
    pipeline = get_pipeline(text_of(body, "pipeline"))
    made = pipelines.couple(world(), pipeline, app, text_of(body, "stage"))
    return jsonify(coupling_shape(world(), made)), 201


@bp.get("/apps/<identity>/pipeline-couplings")
def coupling(identity: str) -> Response:
    """Return the coupling of one app: an object, not a list."""
    found = pipelines.find_coupling(world(), get_app(identity))
    if found is None:
        raise NotFound("pipeline coupling")
    return jsonify(coupling_shape(world(), found))


@bp.get("/pipelines/<identity>/latest-releases")
def latest_releases(identity: str) -> Response:
    """Return the newest release of every app in the pipeline."""
    places = pipelines.of_pipeline(world(), get_pipeline(identity))
    latest = [world().releases[each.app_id][-1] for each in places]
    return jsonify([release_shape(world(), release) for release in latest])


@bp.post("/pipeline-promotions")
def promote() -> ResponseReturnValue:
    """Promote a release to the targets; the answer says `pending`, whatever the targets do."""
    body = read_known("pipeline", "source", "targets")
    pipeline = get_pipeline(id_in(body, "pipeline"))
    targets = body.get("targets")
    if not isinstance(targets, list) or not all(isinstance(each, dict) for each in targets):
        raise InvalidParams("Require params: targets.")
    wanted = [apps.get_app(world(), id_in(each, "app")) for each in targets]
    for app in wanted:
        check_factor(app)
    made = pipelines.promote(world(), account(), pipeline, _source(body), wanted)
    return jsonify(promotion_shape(world(), made) | {"status": "pending"}), 201


def _source(body: Json) -> Release:
    """Return the release that the body names, else the current release of the source app."""
    app = get_app(id_in(body, "source", "app"))
    if body["source"].get("release") is not None:
        release_id = id_in(body, "source", "release")
        named = (each for each in world().releases[app.id] if each.id == release_id)
        if (found := next(named, None)) is None:  # a version is no id
            raise NotFound("release")
        return found
    current = world().find_current(app)
    if current is None:
        raise InvalidParams("The source app has no current release.")
    return current


@bp.get("/pipeline-promotions/<promotion_id>")
def promotion(promotion_id: str) -> Response:
    """Return one promotion."""
    found = pipelines.get_promotion(world(), promotion_id)
    return jsonify(promotion_shape(world(), found))


@bp.get("/pipeline-promotions/<promotion_id>/promotion-targets")
def promotion_targets(promotion_id: str) -> Response:
    """Return the targets of a promotion, each with its outcome."""
    found = pipelines.get_promotion(world(), promotion_id)
    return jsonify([target_shape(world(), found, target) for target in found.targets])


def _couplings(shown: list[Coupling]) -> Response:
    return jsonify([coupling_shape(world(), each) for each in shown])
