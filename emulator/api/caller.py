"""The caller of the current request, the world, and the app."""

from flask import current_app, g, request

from emulator import apps, pipelines
from emulator.annals import Behind
from emulator.door import BEHIND
from emulator.errors import BadFactor, Forbidden, TwoFactorNeeded
from emulator.records import Account, App, Authorization, Pipeline
from emulator.world import World

EXTENSION = "emulator"
CODE = "123456"  # the second factor of every account
NO_FACTOR = (
    "A second authentication factor or pre-authorization is required for this request. "
    "Your account has either two-factor or a YubiKey registered."
)


def world() -> World:
    """Return the world behind this Flask app."""
    found: World = current_app.extensions[EXTENSION]
    return found


def authorization() -> Authorization:
    """Return the authorization of this request."""
    found: Authorization = g.authorization
    return found


def account() -> Account:
    """Return the caller's account."""
    return world().accounts[authorization().account_id]


def get_app(identity: str) -> App:
    """Return the app, by id or name, if the caller may use it. Raises NotFound or Forbidden."""
    app = apps.get_app(world(), identity)
    apps.check_use(app, account())
    return app


def get_app_to_change(identity: str) -> App:
    """Return the app for a change; a protected app needs a second factor."""
    app = get_app(identity)
    check_factor(app)
    return app


def get_pipeline(identity: str) -> Pipeline:
    """Return the pipeline, by id or name, if the caller may see it. Raises NotFound, Forbidden."""
    pipeline = pipelines.get_pipeline(world(), identity)
    if not may_see(pipeline):
        raise Forbidden(f"You do not have access to the pipeline {pipeline.name}.")
    return pipeline


def may_see(pipeline: Pipeline) -> bool:
    """Return whether the caller owns the pipeline or may use one of its apps."""
    places = pipelines.of_pipeline(world(), pipeline)
    return pipeline.owner_id == account().id or any(
        apps.may_use(world().apps[each.app_id], account()) for each in places
    )


def check_factor(app: App) -> None:
    """Require a second factor, or a pre-authorization, for a change of a protected app."""
    if app.is_protected and not world().is_preauthorized(account(), app):
        check_code()


def check_code() -> None:
    """Require the code of the second factor. Raises TwoFactorNeeded or BadFactor."""
    code = request.headers.get("Heroku-Two-Factor-Code")
    if code is None:
        raise TwoFactorNeeded(NO_FACTOR)
    if code != CODE:
        raise BadFactor("Supplied two-factor auth code is invalid.")


def behind() -> Behind | None:
    """Return how far the answer to this request is behind, or None."""
    found: Behind | None = request.environ.get(BEHIND)
    return found


def is_sdk() -> bool:
    """Return whether the caller asked for the sdk variant of version 3."""
    return "version=3.sdk" in request.headers.get("Accept", "").replace(" ", "")
