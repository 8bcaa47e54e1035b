"""Control API: creates releases as people, builds and add-ons do."""

from datetime import timedelta

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from emulator import accounts, apps, history, releases, repositories, slugs
from emulator.api.body import optional_text_of, read_body, text_of
from emulator.api.caller import world
from emulator.control.body import count_of, number_of, numbers_of, only, texts_of
from emulator.errors import InvalidParams
from emulator.github_api import ci
from emulator.records import Account, App, Json, Release
from emulator.shapes import release_shape, slug_shape

bp = Blueprint("control_releases", __name__, url_prefix="/_emulator/apps/<identity>")

Answer = ResponseReturnValue

DEPLOY = frozenset(
    {
        "commit",
        "commit_description",
        "message",
        "description",
        "user",
        "slug_id",
        "age_days",
        "process_types",
        "buildpacks",
    }
)


@bp.post("/deploys")
def deploy(identity: str) -> Answer:
    """Build a new slug, or take the known one that `slug_id` names, and release it.

    Without a commit, an app with a repository gets a new one, with the `message`.
    """
    app, body = apps.get_app(world(), identity), read_body()
    only(body, *DEPLOY)
    user = _user(app, body)
    slug_id, commit = optional_text_of(body, "slug_id"), optional_text_of(body, "commit")
    if slug_id is None and commit is None and app.id in world().connected:
        commit = _pushed(app, user, optional_text_of(body, "message") or "Change something")
    slug = world().slugs.get(slug_id or "")
    if slug is None and not app.is_container:
        types = texts_of(body, "process_types") or ["web"]
        slug = slugs.build(
            world(),
            app,
            commit=commit,
            commit_description=optional_text_of(body, "commit_description") or "",
            slug_id=slug_id,
            process_types=types,
            buildpacks=texts_of(body, "buildpacks"),
        )
    days = number_of(body, "age_days") or 0.0
    mark = slug.commit if slug else commit or "container"
    change = releases.Change(
        optional_text_of(body, "description") or f"Deploy {mark[:8]}",
        slug.id if slug else None,
        created_at=world().now() - timedelta(days=days) if days else None,
    )
    return _made(releases.create(world(), app, user, change))


@bp.get("/releases")
def index(identity: str) -> Response:
    """Return every release as it truly is, oldest first, despite all lags.

    Commit and stack of its slug, as its deliveries tell them, come with it.
    """
    app = apps.get_app(world(), identity)
    return jsonify([_with_slug(each) for each in world().releases[app.id]])


def _with_slug(release: Release) -> Json:
    slug = world().slugs.get(release.slug_id or "")
    facts = {"commit": slug.commit, "stack": slug.stack} if slug is not None else {}
    return release_shape(world(), release) | facts


@bp.post("/config")
def configure(identity: str) -> Answer:
    """Set and remove config vars; this creates a release with the same code."""
    app, body = apps.get_app(world(), identity), read_body()
    changed, description = apps.configure(world(), app, body)
    if not description:
        raise InvalidParams("Name at least one config var.")
    user = world().accounts[app.owner_id]
    return _made(releases.create(world(), changed, user, releases.Change(description)))


@bp.post("/addons")
def add_addon(identity: str) -> Answer:
    """Attach an add-on; its own account creates a release with the same code."""
    app, plan = apps.get_app(world(), identity), text_of(read_body(), "plan")
    service = plan.partition(":")[0]
    name = service.removeprefix("heroku-").replace("-", "_").upper()
    changed = apps.update(world(), app, addon_plans=(*app.addon_plans, plan))
    user = accounts.ensure_account(world(), f"{service}@addons.heroku.com")
    change = releases.Change(f"Attach {name} by {service}")
    return _made(releases.create(world(), changed, user, change))


@bp.post("/rollbacks")
def roll_back(identity: str) -> Answer:
    """Roll back as a person: `{"release": version or id, "user"?}`."""
    app, body = apps.get_app(world(), identity), read_body()
    return _made(releases.roll_back(world(), app, _user(app, body), _named(app, body)))


@bp.post("/retries")
def retry(identity: str) -> Answer:
    """Retry a release as a person: `{"release": version or id, "user"?}`."""
    app, body = apps.get_app(world(), identity), read_body()
    return _made(releases.retry(world(), app, _user(app, body), _named(app, body)))


@bp.post("/history")
def tell_history(identity: str) -> Answer:
    """Create many releases without events: `{"releases": N, "deploy_every"?, "pending"?}`.

    The versions in `pending` stay pending for ever, below the current release.
    """
    app, body = apps.get_app(world(), identity), read_body()
    only(body, "releases", "deploy_every", "pending")
    count, every = count_of(body, "releases"), count_of(body, "deploy_every", 1)
    pending = numbers_of(body, "pending")
    made = history.tell(world(), app, count=count, deploy_every=every, pending=pending)
    return jsonify({"releases": made}), 201


@bp.post("/releases/<release>")
def finish(identity: str, release: str) -> Response:
    """End a release phase: `{"status": "succeeded" or "failed"}`."""
    app, status = apps.get_app(world(), identity), text_of(read_body(), "status")
    if status not in ("succeeded", "failed"):
        raise InvalidParams("status must be succeeded or failed.")
    found = releases.get_release(world(), app, release)
    if found.status != "pending":
        raise InvalidParams(f"v{found.version} is not pending, it is {found.status}.")
    return jsonify(release_shape(world(), releases.finish(world(), found, status) or found))


@bp.post("/releases/<release>/output")
def write(identity: str, release: str) -> Response:
    """Append to the output of a running release phase: `{"text"}`."""
    app, body = apps.get_app(world(), identity), read_body()
    only(body, "text")
    found = releases.get_release(world(), app, release)
    if found.status != "pending":
        raise InvalidParams(f"v{found.version} is not pending, it is {found.status}.")
    written = releases.write(world(), found, text_of(body, "text"))
    return jsonify(release_shape(world(), written))


@bp.delete("/slugs/<slug_id>")
def expire(identity: str, slug_id: str) -> Response:
    """Delete a slug, as Heroku does when it is old."""
    apps.get_app(world(), identity)
    slug = world().slugs.get(slug_id) or slugs.get_slug(world(), slug_id)
    slugs.delete(world(), slug)
    return jsonify(slug_shape(world().slugs[slug.id]))


def _pushed(app: App, user: Account, message: str) -> str:
    """Push a commit of this person to the repository of the app, and have it checked."""
    repository = repositories.connected(world(), app.id)
    author = f"{user.email.partition('@')[0].capitalize()} <{user.email}>"
    wanted = [repositories.Wanted(message, author)]
    (sha,) = repositories.push(world(), repository, repository.default_branch, wanted)
    ci.begin(world(), repository, sha)
    return sha


def _user(app: App, body: Json) -> Account:
    email = optional_text_of(body, "user")
    return accounts.ensure_account(world(), email) if email else world().accounts[app.owner_id]


def _named(app: App, body: Json) -> Release:
    only(body, "release", "user")
    return releases.get_release(world(), app, str(body.get("release", "")).removeprefix("v"))


def _made(release: Release) -> Answer:
    now = releases.find_release(world(), release.app_id, release.id)
    return jsonify(release_shape(world(), now or release)), 201
