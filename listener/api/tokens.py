"""Tokens: how people come in, and whom the listener takes them for."""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import AfterValidator, Field, SecretStr

from listener import VERSION
from listener.api import shapes
from listener.api.auth import needs, person
from listener.api.request_body import Body, takes
from listener.api.services import services
from listener.roles import Role

bp = Blueprint("tokens", __name__, url_prefix="/api")


def _one_word(token: SecretStr) -> SecretStr:
    said = token.get_secret_value()
    if said.isascii() and said.isprintable() and " " not in said:
        return token
    message = "a token is one word of ASCII characters"
    raise ValueError(message)


HerokuToken = Annotated[SecretStr, Field(min_length=1, max_length=4096), AfterValidator(_one_word)]


class NewToken(Body):
    """A Heroku token, used once to ask Heroku who brings it, and kept nowhere."""

    heroku_token: Annotated[
        SecretStr, Field(min_length=1, max_length=4096), AfterValidator(_one_word)
    ]


@bp.post("/tokens")
@takes(NewToken)
def create(body: NewToken) -> ResponseReturnValue:
    """Make a token of the listener's own, for twelve hours."""
    heroku_token = body.heroku_token.get_secret_value()
    login = services().logins.log_in(heroku_token, now=services().now())
    identity = login.token.identity
    return jsonify(
        token=login.token.text,
        email=identity.email,
        role=login.role,
        expires_at=shapes.time(identity.expires_at),
    ), 201


@bp.post("/login-codes")
@needs(Role.VIEWER)
def create_code() -> ResponseReturnValue:
    """Make a code that logs a browser in once, as whoever asks for it."""
    code = services().browsers.make_code(person().email, now=services().now())
    return jsonify(code=code.text, expires_at=shapes.time(code.expires_at)), 201


@bp.get("/whoami")
@needs(Role.VIEWER)
def whoami() -> ResponseReturnValue:
    """Tell whom the listener takes the caller for, and what it is itself."""
    return jsonify(
        email=person().email,
        role=person().role,
        token_expires_at=shapes.time(person().token_expires_at),
        version=VERSION,
        url=services().public_url or request.host_url.rstrip("/"),
    )
