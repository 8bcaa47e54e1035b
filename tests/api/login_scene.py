"""A listener with an OAuth client of its own, an emulated Heroku on a real socket, and people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from emulator import accounts
from emulator.clock import ManualClock
from emulator.records import Exchange
from emulator.server import Host, serve
from emulator.world import World
from listener.app import Parts, assemble, build
from listener.config import Settings
from tests import patient
from tests.emulator.callers import NOON, VERSION_3
from tests.logins import bearer, token_of
from tests.standing import emulator_of

HOME = "https://promote.example"
BACK = f"{HOME}/login/callback"
ADMIN, APPROVER, STRANGER, ROBOT = (f"{name}@example.com" for name in ("ana", "bo", "zoe", "robot"))


@dataclass
class Scene:
    """A listener with a client, and people at Heroku."""

    heroku: Host
    client: dict[str, Any]
    listener: FlaskClient
    parts: Parts

    @contextmanager
    def listening(self, settings: Settings) -> Iterator[None]:
        """Have a listener with these settings."""
        before = self.parts, self.listener
        with closing(assemble(settings)) as parts:
            self.parts, self.listener = parts, build(parts).test_client()
            yield
        self.parts, self.listener = before

    def fresh(self) -> Scene:
        """The same before another browser."""
        return replace(self, listener=self.listener.application.test_client())

    @contextmanager
    def changed(self, **settings: Any) -> Iterator[None]:
        """Have another listener, with other settings."""
        with self.listening(replace(self.parts.settings, **settings)):
            yield

    def provide(self, who: str = ADMIN) -> TestResponse:
        """Ask for the client to be made, as somebody who is logged in."""
        token = token_of(self.parts.database, self.parts.keys, who)
        return self.listener.post("/api/login-client", headers=bearer(token))

    def finding(self) -> tuple[str, str, str | None]:
        """What the doctor says of logins: state, message, cure."""
        token = token_of(self.parts.database, self.parts.keys, ADMIN)
        found = self.listener.get("/api/findings", headers=bearer(token)).get_json()
        [login] = [each for each in found if each["name"] == "login"]
        return login["state"], login["message"], login["mend"]

    @property
    def clients(self) -> list[Any]:
        """The robot's clients at Heroku."""
        found = self.ask(ROBOT, "GET", "/oauth/clients")
        assert isinstance(found, list)
        return found

    def ask(self, who: str, method: str, path: str, body: Any = None) -> Any:
        """Ask Heroku as somebody."""
        headers = {"Authorization": f"Bearer HRKU-{who}", "Accept": VERSION_3}
        with patient.Client(base_url=self.heroku.url, headers=headers) as http:
            return http.request(method, path, json=body).raise_for_status().json()

    def demand(self, **how: str) -> None:
        """Have Heroku read in one way what the schema leaves open."""
        patient.post(f"{self.heroku.url}/_emulator/oauth", json=how).raise_for_status()

    def grant(self, who: str = ADMIN, client: dict[str, Any] | None = None) -> Any:
        """An authorization of somebody for the client."""
        wanted = {"client": (client or self.client)["id"], "scope": ["identity"]}
        return self.ask(who, "POST", "/oauth/authorizations", wanted)

    def log_in(self, **proof: str) -> TestResponse:
        """Ask the listener for a token."""
        return self.listener.post("/api/tokens", json=proof)

    def by(self, authorization: Any) -> TestResponse:
        """Log in by the code of an authorization."""
        return self.log_in(heroku_code=authorization["grant"]["code"])

    @property
    def asked(self) -> list[Exchange]:
        """What was asked of Heroku."""
        return self.heroku.world.exchanges


@contextmanager
def setting(settings: Settings) -> Iterator[Scene]:
    """A listener whose client is the robot's."""
    world = World(clock=ManualClock(NOON))
    with serve(world, app=emulator_of(world)) as heroku:
        for email in (ADMIN, APPROVER, STRANGER, ROBOT):
            account = accounts.ensure_account(world, email)
            accounts.authorize(world, account, token=f"HRKU-{email}")
        scene = Scene(heroku, {}, FlaskClient(lambda *_: []), assemble(settings))
        scene.parts.close()
        wanted = {"name": "acme", "redirect_uri": BACK}
        scene.client = scene.ask(ROBOT, "POST", "/oauth/clients", wanted)
        ours = replace(
            settings,
            heroku_api_url=heroku.url,
            heroku_id_url=heroku.url,
            heroku_api_key=f"HRKU-{ROBOT}",
            public_url=HOME,
            oauth_id=scene.client["id"],
            oauth_secret=scene.client["secret"],
        )
        with scene.listening(ours):
            yield scene


NO_CLIENT: dict[str, Any] = {"oauth_id": None, "oauth_secret": None}
