"""OAuth clients of Heroku's: made, found, and given the codes by which users say who they are.

The shapes are the schema's. How they are used is in the source of Heroku's own web login
(github.com/heroku/identity); nobody has tried it with an account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import httpx

from listener.heroku import paging
from listener.heroku.address import checked_name
from listener.heroku.budget import Budget
from listener.heroku.client import DEADLINES, URL, USER_AGENT, Deadlines
from listener.heroku.errors import HEROKU, BadAnswer, Doubtful
from listener.heroku.resources import URL_LENGTH
from listener.heroku.session import Wire
from listener.outbound.fields import Fields
from listener.outbound.http import BoundedTransport, trusted
from listener.outbound.server import HttpAnswer

CLIENTS, TOKENS = "/oauth/clients", "/oauth/tokens"
# The schema wants a refresh token even where a code is redeemed, which has none. Heroku's own web
# login sends an empty one; a server that keeps to the words of RFC 6749 would want none at all.
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a key; what is said of it is of the form
FORMS: tuple[Mapping[str, object], ...] = ({REFRESH_TOKEN: {"token": None}}, {})


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """A client; only its owner is told the secret."""

    id: str
    name: str
    redirect_uri: str = field(repr=False)
    secret: str | None = field(repr=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read Heroku's JSON of one client."""
        return HEROKU.read("OAuth client", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        return cls(
            id=fields.text("id"),
            name=fields.words("name") or "",
            redirect_uri=fields.text("redirect_uri", limit=URL_LENGTH),
            secret=fields.words("secret"),
        )


@dataclass(frozen=True, slots=True)
class AccessToken:
    """The token that a code was redeemed for, and the id to end it by, if Heroku tells one."""

    token: str = field(repr=False)
    id: str | None

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read Heroku's JSON of the tokens of an authorization; the refresh token is dropped."""
        return HEROKU.read("OAuth token", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        access = fields.part("access_token")
        return cls(token=access.text("token"), id=access.words("id"))


class OAuth:
    """The few calls about OAuth clients, with the token of their owner, or with none to redeem.

    Nothing is tried twice. Every method raises `HerokuError`s, as those of `Heroku` do.
    """

    def __init__(
        self,
        token: str | None,
        *,
        url: str = URL,
        transport: httpx.BaseTransport | None = None,
        deadlines: Deadlines = DEADLINES,
        budget: Budget | None = None,
    ) -> None:
        """Ask with this token; `budget` is the one of its account, where others ask with it too."""
        ssl_context = trusted() if url.startswith("https:") else None
        direct = transport or BoundedTransport(ssl_context=ssl_context)
        self._wire = Wire(token, url=url, transport=direct, user_agent=USER_AGENT, budget=budget)
        self._deadlines = deadlines

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def clients(self) -> list[OAuthClient]:
        """List the clients of the account, with their secrets."""
        return paging.as_list(self._read(CLIENTS), OAuthClient.from_json)

    def client(self, id: str) -> OAuthClient:
        """Read a client."""
        path = f"{CLIENTS}/{checked_name(id, of='OAuth client')}"
        return OAuthClient.from_json(self._read(path).json())

    def create_client(self, *, name: str, redirect_uri: str) -> OAuthClient:
        """Make a client of the account."""
        body = {"name": name, "redirect_uri": redirect_uri}
        return _made(self._write("POST", CLIENTS, body))

    def move_client(self, id: str, *, redirect_uri: str) -> OAuthClient:
        """Give a client of the account another address."""
        path = f"{CLIENTS}/{checked_name(id, of='OAuth client')}"
        return _made(self._write("PATCH", path, {"redirect_uri": redirect_uri}))

    def rotate_client(self, id: str) -> OAuthClient:
        """Give a client of the account another secret; the one of before is no use any more."""
        path = f"{CLIENTS}/{checked_name(id, of='OAuth client')}/actions/rotate-credentials"
        return _made(self._write("POST", path))

    def redeem(self, code: str, *, secret: str, form: Mapping[str, object]) -> AccessToken:
        """Redeem a user's code; what it says of the refresh token is one of `FORMS`."""
        grant = {"type": "authorization_code", "code": code}
        body = {"client": {"secret": secret}, "grant": grant, **form}
        answer = self._write("POST", TOKENS, body, hide=(code, secret))
        return AccessToken.from_json(answer.json())

    def end_token(self, id: str) -> None:
        """End an access token."""
        self._write("DELETE", f"{TOKENS}/{checked_name(id, of='token')}")

    def _read(self, path: str) -> HttpAnswer:
        return self._wire.get(path, seconds=self._deadlines.read)

    def _write(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        hide: Sequence[str] = (),
    ) -> HttpAnswer:
        return self._wire.send(method, path, body, seconds=self._deadlines.change, hide=hide)


def _made(answer: HttpAnswer) -> OAuthClient:
    try:
        return OAuthClient.from_json(answer.json())
    except BadAnswer as error:
        raise Doubtful(error.message, status=answer.status) from error
