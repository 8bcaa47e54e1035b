"""Views for a GitHub App: who it is by its JWT, where it is installed, and its tokens."""

import base64
import binascii
import json
from datetime import timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from emulator.api.caller import world
from emulator.github.errors import Refused, not_found
from emulator.github.records import App, Token
from emulator.github_api.caller import body
from emulator.github_api.shapes import app_shape, installation_shape, token_shape
from emulator.state import new_id

bp = Blueprint("apps", __name__)

LONGEST = 600  # seconds that a JWT may be valid
UNREADABLE = "A JSON web token could not be decoded"
NOT_REACHED = (
    "There is at least one repository that does not exist or is not accessible to the parent "
    "installation."
)
TOO_MUCH = "The permissions requested are not granted to this installation."


@bp.get("/app")
def app() -> Response:
    """Return the app."""
    return jsonify(app_shape(world(), _get_app()))


@bp.get("/repos/<owner>/<name>/installation")
def installation(owner: str, name: str) -> Response:
    """Return the installation of the app for a repository."""
    found = _get_app()
    if f"{owner}/{name}".lower() not in {each.lower() for each in found.repositories}:
        raise not_found()
    return jsonify(installation_shape(world(), found, owner))


@bp.post("/app/installations/<int:installation_id>/access_tokens")
def access_token(installation_id: int) -> ResponseReturnValue:
    """Make a token for the repositories and permissions asked for, or for all there are."""
    found, told = _get_app(), body()
    if installation_id != found.installation_id:
        raise not_found()
    names = {each.partition("/")[2]: each for each in found.repositories}
    wanted = told.get("repositories", list(names))
    if not isinstance(wanted, list) or not set(wanted) <= names.keys():
        raise Refused(422, NOT_REACHED)
    permissions = told.get("permissions", dict(found.permissions))
    parent = Token("", "", found.permissions)
    if not all(parent.may(name, level) for name, level in permissions.items()):
        raise Refused(422, TOO_MUCH)
    made = Token(
        token=f"ghs_{new_id().replace('-', '')}",
        login=f"{found.slug}[bot]",
        permissions=permissions,
        repositories=frozenset(names[each] for each in wanted),
        expires_at=world().now() + timedelta(seconds=found.token_seconds),
        installation_id=installation_id,
    )
    world().github.tokens[made.token] = made
    return jsonify(token_shape(made)), 201


def _get_app() -> App:
    """Return the app that signed the JWT of this request. Raises Refused."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    known = world().github.app
    claims = _claims(token.strip()) if scheme.lower() == "bearer" else None
    if claims is None:
        raise Refused(401, UNREADABLE)
    if known is None or str(claims.get("iss")) != str(known.id):
        raise Refused(404, "Integration not found")
    if not _is_signed(token.strip(), known.public_key):
        raise Refused(401, UNREADABLE)
    _check_times(claims)
    return known


def _check_times(claims: dict[str, Any]) -> None:
    now, issued, expires = world().now().timestamp(), claims.get("iat"), claims.get("exp")
    if not isinstance(expires, int) or expires <= now:
        raise Refused(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time "
            "at which the assertion expires",
        )
    if expires > now + LONGEST:
        raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")
    if not isinstance(issued, int) or issued > now:
        raise Refused(
            401,
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion "
            "was issued",
        )


def _claims(token: str) -> dict[str, Any] | None:
    """Return what a JWT claims, or None if it is none that is signed by RS256."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        head, claims = (json.loads(_decoded(part)) for part in parts[:2])
    except ValueError:
        return None
    is_known = isinstance(head, dict) and head.get("alg") == "RS256" and isinstance(claims, dict)
    return claims if is_known else None


def _is_signed(token: str, public_key: RSAPublicKey) -> bool:
    signed, _, signature = token.rpartition(".")
    try:
        public_key.verify(_decoded(signature), signed.encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def _decoded(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise ValueError("not base64") from error
