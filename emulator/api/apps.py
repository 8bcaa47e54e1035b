"""Apps and what belongs to them: config vars, buildpacks, collaborators, add-ons, dynos."""

from flask import Blueprint, Response, jsonify

from emulator import apps, releases
from emulator.api.body import read_body, read_known
from emulator.api.caller import account, get_app, get_app_to_change, is_sdk, world
from emulator.api.lists import answer_list
from emulator.api.processes import addon_shape, dyno_shapes, formation_shapes
from emulator.errors import InvalidParams
from emulator.ranges import Key
from emulator.records import Account, App, Json
from emulator.shapes import app_reference, app_shape, buildpack_shapes, domain_shapes, named
from emulator.times import stamp

bp = Blueprint("apps", __name__)

KEYS: dict[str, Key[App]] = {
    "id": Key(lambda app: app.id),
    "name": Key(lambda app: app.name),
    "updated_at": Key(lambda app: stamp(app.updated_at)),
}


@bp.get("/apps")
@bp.get("/users/~/apps")
def index() -> Response:
    """Return the apps that the caller may use."""
    return answer_list(_usable(), KEYS, _shape)


@bp.post("/filters/apps")
def filtered() -> Response:
    """Return those of the caller's apps whose ids are in the body."""
    inside = read_known("in").get("in", {})
    ids = inside.get("id", []) if isinstance(inside, dict) else []
    if not isinstance(ids, list):
        raise InvalidParams("in.id must be a list of app ids.")
    return answer_list([app for app in _usable() if app.id in ids], KEYS, _team_shape)


@bp.get("/apps/<identity>")
def info(identity: str) -> Response:
    """Return one app."""
    return jsonify(_shape(get_app(identity)))


@bp.get("/apps/<identity>/config-vars")
def config_vars(identity: str) -> Response:
    """Return the app's config vars."""
    return jsonify(dict(get_app(identity).config))


@bp.patch("/apps/<identity>/config-vars")
def configure(identity: str) -> Response:
    """Set or remove config vars; this creates a release with the same code."""
    app, changes = get_app_to_change(identity), read_body()
    changed, description = apps.configure(world(), app, changes)
    if description:
        releases.create(world(), changed, account(), releases.Change(description))
    return jsonify(dict(changed.config))


@bp.get("/apps/<identity>/collaborators")
def collaborators(identity: str) -> Response:
    """Return the owner and the collaborators."""
    app = get_app(identity)
    keys: dict[str, Key[Account]] = {"id": Key(lambda each: each.id)}
    return answer_list(
        apps.people(world(), app), keys, lambda person: _collaborator_shape(app, person)
    )


@bp.get("/apps/<identity>/buildpack-installations")
def buildpack_installations(identity: str) -> Response:
    """Return the app's buildpacks."""
    return jsonify(buildpack_shapes(get_app(identity)))


@bp.get("/apps/<identity>/domains")
def domains(identity: str) -> Response:
    """Return the hosts by which the app is reached."""
    return jsonify(domain_shapes(get_app(identity)))


@bp.get("/apps/<identity>/addons")
def addons(identity: str) -> Response:
    """Return the app's add-ons."""
    app = get_app(identity)
    return jsonify([addon_shape(app, plan) for plan in app.addon_plans])


@bp.get("/apps/<identity>/dynos")
def dynos(identity: str) -> Response:
    """Return what runs now: one web dyno, once there is code."""
    return jsonify(dyno_shapes(world(), get_app(identity)))


@bp.get("/apps/<identity>/formation")
def formation(identity: str) -> Response:
    """Return what should run."""
    return jsonify(formation_shapes(world(), get_app(identity)))


def _usable() -> list[App]:
    return [app for app in world().apps.values() if apps.may_use(app, account())]


def _shape(app: App) -> Json:
    return app_shape(world(), app, is_sdk=is_sdk())


def _team_shape(app: App) -> Json:
    shape = app_shape(world(), app)
    unknown = ("acm", "generation", "organization")
    return {name: value for name, value in shape.items() if name not in unknown} | {
        "joined": True,
        "locked": False,
    }


def _collaborator_shape(app: App, person: Account) -> Json:
    is_owner = person.id == app.owner_id
    return {
        "app": app_reference(app),
        "created_at": stamp(app.created_at),
        "id": named("collaborator", f"{person.id}.{app.id}")["id"],
        "permissions": [{"name": "deploy", "description": "Deploy the app"}],
        "role": "owner" if is_owner else "collaborator",
        "updated_at": stamp(app.created_at),
        "user": {"email": person.email, "federated": False, "id": person.id},
    }
