"""The releases of an app, its slugs and its OCI images."""

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from emulator import apps, releases, slugs
from emulator.api.body import optional_text_of, read_known, text_of
from emulator.api.caller import account, behind, get_app, get_app_to_change, is_sdk, world
from emulator.api.lists import answer_list
from emulator.errors import InvalidParams, NotFound
from emulator.ranges import Key
from emulator.records import App, Json, Release, Slug
from emulator.shapes import image_shape, release_shape, slug_shape

bp = Blueprint("releases", __name__, url_prefix="/apps/<identity>")

KEYS: dict[str, Key[Release]] = {
    "version": Key(lambda release: release.version, int),
    "id": Key(lambda release: release.id),
}


@bp.get("/releases")
def index(identity: str) -> Response:
    """Return the app's releases, oldest first unless asked otherwise."""
    return answer_list(releases.seen(world(), get_app(identity), behind()), KEYS, _listed)


@bp.get("/releases/<release>")
def info(identity: str, release: str) -> Response:
    """Return one release, by id or version."""
    return jsonify(_shape(releases.get_release(world(), get_app(identity), release, behind())))


@bp.get("/releases/<release>/config-vars")
def config_vars(identity: str, release: str) -> Response:
    """Return the config vars of a release."""
    return jsonify(dict(releases.get_release(world(), get_app(identity), release).config))


@bp.post("/releases")
def create(identity: str) -> ResponseReturnValue:
    """Release a slug or an OCI image, or roll back to an earlier release."""
    app = get_app_to_change(identity)
    body = read_known("slug", "oci_image", "release", "description")
    made = _roll_back(app, body) if "release" in body else _release(app, body)
    return jsonify(_shape(made)), 201


def _roll_back(app: App, body: Json) -> Release:
    old = releases.get_release(world(), app, text_of(body, "release"))
    return releases.roll_back(world(), app, account(), old)


def _release(app: App, body: Json) -> Release:
    slug = _releasable(app, body)
    description = optional_text_of(body, "description") or f"Deploy {slug.commit[:8]}"
    change = releases.Change(description, slug.id)
    return releases.create(world(), app, account(), change)


def _releasable(app: App, body: Json) -> Slug:
    """Return the code that the body names.

    Raises InvalidParams if this app cannot run it, Forbidden if the caller may not use it.
    """
    if app.is_container:
        raise InvalidParams("Apps on the container stack cannot release slugs.")
    name, type = ("oci_image", "oci-image") if app.generation == "fir" else ("slug", "slug")
    slug = slugs.get_slug(world(), text_of(body, name), type)
    origin = apps.find_app(world(), slug.app_id)
    if origin is not None:
        apps.check_use(origin, account())
    if slug.deleted_at is not None:
        raise InvalidParams("Slug has expired and can no longer be released.")
    return slug


@bp.get("/slugs/<slug_id>")
def slug_info(identity: str, slug_id: str) -> Response:
    """Return a slug that was built for this app or that it has run."""
    return jsonify(slug_shape(_used(get_app(identity), slug_id, "slug")))


@bp.get("/oci-images/<image_id>")
def image_info(identity: str, image_id: str) -> Response:
    """Return a list of one image of the app, as Heroku does."""
    return jsonify([image_shape(_used(get_app(identity), image_id, "oci-image"))])


def _used(app: App, slug_id: str, type: str) -> Slug:
    slug = slugs.get_slug(world(), slug_id, type)
    has_run = any(release.slug_id == slug_id for release in world().releases[app.id])
    if slug.app_id != app.id and not has_run:
        raise NotFound("slug" if type == "slug" else "oci image")
    return slug


def _listed(release: Release) -> Json:
    """Return a release as lists show it: `updated_at` of v1 is null, as it may be at Heroku."""
    is_untouched = release.version == 1
    return _shape(release) | ({"updated_at": None} if is_untouched else {})


def _shape(release: Release) -> Json:
    return release_shape(world(), release, is_sdk=is_sdk())
