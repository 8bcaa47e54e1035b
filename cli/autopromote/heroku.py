"""The few calls to Heroku that logging in needs, and what sets it up."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from autopromote.errors import HerokuRefused, HerokuUnreachable
from autopromote.exchange import (
    answered,
    bearer,
    body_of,
    open_client,
    own_words,
    path_part,
    reason,
)
from autopromote.hosts import split

ACCEPT = "application/vnd.heroku+json; version=3"
THROW_AWAY = {"description": "autopromote login", "scope": ["identity"], "expires_in": 60}
UNREAD = (400, 422)  # Heroku understood the request, and not what is in it


@dataclass(frozen=True, slots=True)
class Authorization:
    """A token of its own at Heroku, until it is deleted or its time is up."""

    id: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """A code that tells one OAuth client who somebody is, and where that client lives."""

    id: str  # of the authorization
    code: str = field(repr=False)
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class App:
    """An app, and the hosts by which it is reached: Heroku's name for it, and its domains."""

    name: str
    hosts: tuple[str, ...]


class Heroku:
    """The Platform API, asked with the user's own credential."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._client = open_client(url, {"Accept": ACCEPT, **bearer(token)})

    def create_authorization(self) -> Authorization:
        """Make a token that can tell who the user is, and nothing else, for a minute."""
        match body_of(self._call("POST", "/oauth/authorizations", THROW_AWAY)):
            case {"id": str(id), "access_token": {"token": str(token)}}:
                return Authorization(id, token)
            case _:
                raise HerokuUnreachable(f"{self.url} does not answer like Heroku.")

    def create_grant(self, client: str) -> Grant:
        """Make a code that tells this client, and nobody else, who the user is.

        The schema names a client by its id, Heroku's own web login by an object with the id.
        """
        try:
            answer = self._authorize(client)
        except HerokuRefused as refusal:
            if refusal.status not in UNREAD:
                raise
            answer = self._authorize({"id": client})
        match answer:
            case {
                "id": str(id),
                "grant": {"code": str(code)},
                "client": {"id": str(made_for), "redirect_uri": str(redirect_uri)},
            } if made_for == client:
                return Grant(id, code, redirect_uri)
            case {"id": str(id)}:  # a token, maybe, which is nobody's
                self.delete_authorization(id)
        raise HerokuUnreachable(f"{self.url} made no code for the OAuth client {client}.")

    def _authorize(self, client: object) -> object:
        wanted = {"client": client, "scope": ["identity"]}
        return body_of(self._call("POST", "/oauth/authorizations", wanted))

    def delete_authorization(self, id: str) -> None:
        """End it before its minute is over."""
        self._call("DELETE", f"/oauth/authorizations/{path_part(id)}")

    def app(self, app: str) -> App:
        """Return an app that the user may see, with every host by which it is reached."""
        path = f"/apps/{path_part(app)}"
        match body_of(self._call("GET", path)):
            case {"name": str(name), "web_url": str() | None as web_url}:
                own = split(web_url or "").hostname
                hosts = [*([own] if own else []), *self._domains(path)]
                return App(name, tuple(dict.fromkeys(hosts)))
        raise HerokuUnreachable(f"{self.url} does not answer like Heroku.")

    def _domains(self, path: str) -> list[str]:
        match body_of(self._call("GET", f"{path}/domains")):
            case [*domains]:
                names = (each.get("hostname") for each in domains if isinstance(each, dict))
                return [name.lower() for name in names if isinstance(name, str)]
        raise HerokuUnreachable(f"{self.url} does not answer like Heroku.")

    def set_config_vars(self, app: str, values: Mapping[str, str]) -> None:
        """Set config vars; Heroku answers with all of them, which nobody reads."""
        self._call("PATCH", f"/apps/{path_part(app)}/config-vars", values)

    def _call(self, method: str, path: str, body: object = None) -> httpx.Response:
        try:
            response = answered(self._client, method, path, body=body)
        except httpx.RequestError as error:
            raise HerokuUnreachable(
                f"Couldn't ask Heroku at {self.url}: {reason(error)}."
            ) from error

        if response.is_success:
            return response
        silence = f"Couldn't ask Heroku at {self.url}: it answered {response.status_code}."
        if response.is_server_error:
            raise HerokuUnreachable(silence)
        error_id, message = own_words(response) or (None, silence)
        raise HerokuRefused(message, id=error_id, status=response.status_code)
