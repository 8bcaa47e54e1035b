"""The listener's own OAuth client, by which people log in."""

from __future__ import annotations

from flask import Blueprint

from listener.api.answers import HEROKU, Answer, returns
from listener.api.auth import needs, person
from listener.api.services import services
from listener.roles import Role
from listener.services import login_client

bp = Blueprint("login_client", __name__, url_prefix="/api/login-client")


class LoginClient(Answer):
    """The OAuth client; its secret is told only while the listener does not have it."""

    id: str
    redirect_uri: str
    secret: str | None

    @classmethod
    def of(cls, made: login_client.Provided) -> LoginClient:
        """Return a client."""
        return cls(id=made.id, redirect_uri=made.redirect_uri, secret=made.secret)


@bp.post("")
@needs(Role.ADMIN)
@returns(LoginClient, problems=HEROKU)
def provide() -> LoginClient:
    """Make the client with the listener's own Heroku user, or find the one that is there."""
    return LoginClient.of(services().login_clients.provide(by=person().email))


@bp.post("/actions/rotate")
@needs(Role.ADMIN)
@returns(LoginClient, problems=HEROKU)
def rotate() -> LoginClient:
    """Give the client another secret; until that is set on the listener's app, nobody logs in."""
    return LoginClient.of(services().login_clients.rotate(by=person().email))
