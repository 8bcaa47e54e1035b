"""Control API: tokens, request budgets, and a summary of the state."""

from dataclasses import asdict

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from emulator import accounts
from emulator.api.body import optional_text_of, read_body, text_of
from emulator.api.caller import world
from emulator.control.body import number_of, only, texts_of
from emulator.records import App, Demands, Json

bp = Blueprint("control_people", __name__, url_prefix="/_emulator")


@bp.post("/tokens")
def add_token() -> ResponseReturnValue:
    """Give an account a token: `{"token", "email", "scope"?, "expires_in"?}`.

    The account is created if there is none.
    """
    body = read_body()
    owner = accounts.ensure_account(world(), text_of(body, "email"))
    seconds = number_of(body, "expires_in")
    made = accounts.authorize(
        world(),
        owner,
        scopes=tuple(texts_of(body, "scope") or ["global"]),
        token=optional_text_of(body, "token"),
        expires_in=None if seconds is None else int(seconds),
    )
    return jsonify({"id": made.id, "token": made.token, "email": owner.email}), 201


@bp.post("/oauth")
def demand() -> Response:
    """Read what the schema leaves open in one form only: `{"client"?, "refresh_token"?}`.

    Of a new authorization's client that is "string" or "object"; of the refresh token where a code
    is redeemed, "required" or "refused". What is not said may have any form.
    """
    body = read_body()
    only(body, "client", "refresh_token")
    world().demands = Demands(
        client=optional_text_of(body, "client"),
        refresh_token=optional_text_of(body, "refresh_token"),
    )
    return jsonify(asdict(world().demands))


@bp.post("/rate-limits")
def set_rate_limit() -> Response:
    """Set how many requests an account has left: `{"email", "remaining"}`."""
    body = read_body()
    owner = accounts.get_account(world(), text_of(body, "email"))
    world().rates.set(owner.id, number_of(body, "remaining") or 0.0)
    return jsonify({"remaining": world().rates.remaining(owner.id)})


@bp.get("/state")
def state() -> Response:
    """Return a summary of the state."""
    return jsonify(
        {
            "accounts": [account.email for account in world().accounts.values()],
            "apps": [_app(app) for app in world().apps.values()],
            "pipelines": [pipeline.name for pipeline in world().pipelines.values()],
            "webhooks": len(world().webhooks),
            "queued": world().queued(),
            "faults": len(world().faults.all()),
            "requests": len(world().exchanges),
        }
    )


def _app(app: App) -> Json:
    current = world().find_current(app)
    return {
        "id": app.id,
        "name": app.name,
        "releases": len(world().releases[app.id]),
        "current": current.version if current else None,
        "slug": current.slug_id if current else None,
    }
