"""Tokens: how people come in, and whom the listener takes them for."""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint
from pydantic import AfterValidator, Field, SecretStr

from listener import VERSION
from listener.api.answers import Answer, Id, Time, returns
from listener.api.auth import On, check_person, needs, needs_token, own_token, person
from listener.api.caller import caller, reached_at
from listener.api.fields import is_one_word
from listener.api.own_pages import home
from listener.api.request_body import LARGEST_FORM, Body, takes
from listener.api.services import services
from listener.errors import Invalid
from listener.roles import Grant, Role
from listener.services.identity import HerokuCode, HerokuToken, Proof

bp = Blueprint("tokens", __name__, url_prefix="/api")


def _one_word(token: SecretStr) -> SecretStr:
    if is_one_word(token.get_secret_value()):
        return token
    message = "a token is one word of ASCII characters"
    raise ValueError(message)


Word = Annotated[SecretStr, Field(min_length=1, max_length=4096), AfterValidator(_one_word)]


class NewToken(Body):
    """A code for the listener's OAuth client, or without one a Heroku token; kept nowhere."""

    heroku_code: Word | None = None
    heroku_token: Word | None = None

    @property
    def proof(self) -> Proof:
        """Return by what somebody proves who he is. Raises Invalid unless it is one thing."""
        match self.heroku_code, self.heroku_token:
            case SecretStr() as code, None:
                return HerokuCode(code.get_secret_value())
            case None, SecretStr() as token:
                return HerokuToken(token.get_secret_value())
            case _:
                raise Invalid("Give heroku_code or, without an OAuth client, heroku_token.")


class LoginWay(Answer):
    """How to log in: by a code for this OAuth client, or by a Heroku token where there is none."""

    oauth_client: Id | None


class RoleOf(Answer):
    """A role, and the patterns of its apps; null is every app, and what concerns all."""

    role: Role
    apps: list[str] | None

    @classmethod
    def of(cls, grant: Grant) -> RoleOf:
        """Return a role and its apps."""
        apps = grant.scope.apps
        return cls(role=grant.role, apps=None if apps is None else list(apps))


class Token(Answer):
    """A token of the listener's own; `role` is the highest of all `roles`."""

    token: str
    email: str
    role: Role
    roles: list[RoleOf]
    expires_at: Time


class TokenEnded(Answer):
    """Whose token ended."""

    email: str


class LoginCode(Answer):
    """A code that logs a browser in once."""

    code: str
    expires_at: Time


class Whoami(Answer):
    """Whom the listener takes the caller for, and what it is itself."""

    email: str
    role: Role
    roles: list[RoleOf]
    token_expires_at: Time
    version: str
    url: str


@bp.get("/login")
@returns(LoginWay)
def way() -> LoginWay:
    """Tell whoever asks how to log in."""
    client = services().login_client
    return LoginWay(oauth_client=Id(id=client.id) if client is not None else None)


@bp.post("/tokens")
@takes(NewToken, most=LARGEST_FORM)
@returns(Token, 201, problems=(401, 403, 409, 429, 503))
def create(body: NewToken) -> Token:
    """Make a token of the listener's own, for twelve hours."""
    login = services().logins.log_in(body.proof, caller())
    services().own_address.learn(reached_at(), by=login.email, rights=login.rights)
    return Token(
        token=login.token.text,
        email=login.email,
        role=login.rights.role,
        roles=[RoleOf.of(grant) for grant in login.rights.grants],
        expires_at=login.token.expires_at,
    )


@bp.delete("/tokens/current")
@needs_token
@returns(TokenEnded)
def end_own() -> TokenEnded:
    """End the token that the request brings, whether its holder has a role or not."""
    services().tokens.log_out(own_token())
    return TokenEnded(email=own_token().holder)


@bp.post("/login-codes")
@needs(Role.VIEWER, on=On.SELF)
@returns(LoginCode, 201)
def create_code() -> LoginCode:
    """Make a code that logs a browser in once, as whoever asks for it: a person alone."""
    check_person()
    code = services().browsers.make_code(person().email, caller())
    return LoginCode(code=code.text, expires_at=code.expires_at)


@bp.get("/whoami")
@needs(Role.VIEWER, on=On.SELF)
@returns(Whoami)
def whoami() -> Whoami:
    """Tell whom the listener takes the caller for, and what it is itself."""
    return Whoami(
        email=person().email,
        role=person().rights.role,
        roles=[RoleOf.of(grant) for grant in person().rights.grants],
        token_expires_at=person().token_expires_at,
        version=VERSION,
        url=home(),
    )
