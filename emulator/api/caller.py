"""Who asks, in which world, for which app."""

from flask import current_app, g, request

from emulator import apps
from emulator.annals import Behind
from emulator.door import BEHIND
from emulator.errors import BadFactor, TwoFactorNeeded
from emulator.records import Account, App, Authorization
from emulator.world import World

EXTENSION = "emulator"
CODE = "123456"  # the second factor of every account
NO_FACTOR = (
    "A second authentication factor or pre-authorization is required for this request. "
    "Your account has either two-factor or a YubiKey registered."
)


def world() -> World:
    """The world this Flask app shows."""
    found: World = current_app.extensions[EXTENSION]
    return found


def authorization() -> Authorization:
    """The token of this request."""
    found: Authorization = g.authorization
    return found


def account() -> Account:
    """Whose token it is."""
    return world().accounts[authorization().account_id]


def get_app(identity: str) -> App:
    """The app with this id or name, if the caller may use it."""
    app = apps.get_app(world(), identity)
    apps.check_use(app, account())
    return app


def get_app_to_change(identity: str) -> App:
    """The same, for a change: a protected app wants a second factor."""
    app = get_app(identity)
    check_factor(app)
    return app


def check_factor(app: App) -> None:
    """Let a change of a protected app pass only with a second factor, or after one."""
    if app.is_protected and not world().is_preauthorized(account(), app):
        check_code()


def check_code() -> None:
    """Let pass only who gave the code of a second factor."""
    code = request.headers.get("Heroku-Two-Factor-Code")
    if code is None:
        raise TwoFactorNeeded(NO_FACTOR)
    if code != CODE:
        raise BadFactor("Supplied two-factor auth code is invalid.")


def behind() -> Behind | None:
    """How far the answer to this request is behind, if it is."""
    found: Behind | None = request.environ.get(BEHIND)
    return found


def is_sdk() -> bool:
    """True when the caller asked for the sdk variant of version 3."""
    return "version=3.sdk" in request.headers.get("Accept", "").replace(" ", "")
