"""Control API: who may ask the fake GitHub, how often, and what was asked."""

from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from emulator.api.body import optional_text_of, read_body, text_of
from emulator.api.caller import world
from emulator.control.body import count_of, number_of, object_of, only, texts_of
from emulator.control.requests import exchange_shape
from emulator.errors import InvalidParams
from emulator.github.records import App, Token
from emulator.records import Json
from emulator.state import new_id

bp = Blueprint("control_github", __name__, url_prefix="/_emulator/github")

# What the listener needs of an app.
PERMISSIONS = {
    "metadata": "read",
    "contents": "read",
    "checks": "read",
    "pull_requests": "read",
    "statuses": "write",
    "deployments": "write",
}
HOUR = 3600.0


@bp.post("/tokens")
def add_token() -> ResponseReturnValue:
    """Make a personal access token.

    `{"token"?, "login", "permissions"?: {"contents": "read", …}, "repositories"?, "expires_in"?}`:
    with permissions it is fine-grained, else classic; without repositories it is for all.
    """
    body = read_body()
    only(body, "token", "login", "permissions", "repositories", "expires_in")
    seconds, names = number_of(body, "expires_in"), texts_of(body, "repositories")
    made = Token(
        token=optional_text_of(body, "token") or f"github_pat_{new_id().replace('-', '')}",
        login=text_of(body, "login"),
        permissions=_fine_grained(body),
        repositories=None if names is None else frozenset(names),
        expires_at=None if seconds is None else world().now() + timedelta(seconds=seconds),
    )
    world().github.tokens[made.token] = made
    return jsonify({"token": made.token, "login": made.login}), 201


@bp.delete("/tokens/<token>")
def revoke(token: str) -> ResponseReturnValue:
    """Revoke a token."""
    world().github.tokens.pop(token, None)
    return "", 204


@bp.post("/rate-limits")
def set_rate_limit() -> Response:
    """Set how many requests a login has left: `{"login", "remaining", "seconds"?}` to a reset."""
    body = read_body()
    only(body, "login", "remaining", "seconds")
    login, seconds, rates = text_of(body, "login"), number_of(body, "seconds"), world().github.rates
    rates.set(login, count_of(body, "remaining"), HOUR if seconds is None else seconds)
    return jsonify({"remaining": rates.of(login).left})


@bp.put("/app")
def register_app() -> Response:
    """Register the GitHub App, and install it for some repositories.

    `{"id", "slug"?, "public_key", "repositories", "permissions"?, "token_seconds"?}`
    """
    body = read_body()
    only(body, "id", "slug", "public_key", "repositories", "permissions", "token_seconds")
    seconds = number_of(body, "token_seconds")
    app = App(
        id=count_of(body, "id"),
        slug=optional_text_of(body, "slug") or "autopromote",
        public_key=_public_key(text_of(body, "public_key")),
        installation_id=next(world().github.ids),
        repositories=frozenset(texts_of(body, "repositories") or []),
        permissions=_app_permissions(body),
        token_seconds=HOUR if seconds is None else seconds,
    )
    world().github.app = app
    return jsonify({"id": app.id, "installation_id": app.installation_id})


@bp.get("/requests")
def requests() -> Response:
    """Return all requests to GitHub so far, oldest first."""
    return jsonify([exchange_shape(exchange) for exchange in world().github.exchanges])


@bp.delete("/requests")
def clear_requests() -> ResponseReturnValue:
    """Clear the log of requests to GitHub."""
    world().github.exchanges.clear()
    return "", 204


def _fine_grained(body: Json) -> Json | None:
    if "permissions" not in body:
        return None
    permissions = object_of(body, "permissions")
    if "checks" in permissions:
        # github/rest-api-description#4290: no such token can have it, whatever the endpoints say.
        raise InvalidParams("A fine-grained token cannot have checks; an app or a classic one can.")
    return {"metadata": "read"} | permissions


def _app_permissions(body: Json) -> Json:
    return {"metadata": "read"} | (object_of(body, "permissions") or PERMISSIONS)


def _public_key(text: str) -> RSAPublicKey:
    try:
        key = load_pem_public_key(text.encode())
    except ValueError as error:
        raise InvalidParams("public_key must be a public key in PEM.") from error
    if not isinstance(key, RSAPublicKey):
        raise InvalidParams("public_key must be an RSA key.")
    return key
