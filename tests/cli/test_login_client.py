"""`login:client` sets a client on the app of the very listener that is logged in to, or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from emulator import accounts
from emulator.server import Host, serve
from emulator.world import World
from tests import patient
from tests.cli.program import Autopromote, Outcome
from tests.cli.stranger import Stranger, answer, stranger
from tests.standing import emulator_of

APP, ANA = "acme-autopromote", "ana@example.com"
PATH = f"/apps/{APP}/config-vars"


@pytest.fixture
def heroku() -> Iterator[Host]:
    """An emulated Heroku where Ana has an app, on a real socket."""
    world = World()
    with serve(world, app=emulator_of(world)) as host:
        accounts.authorize(host.world, accounts.ensure_account(host.world, ANA), token="HRKU-ana")
        patient.post(f"{host.url}/_emulator/apps", json={"name": APP}).raise_for_status()
        yield host


def reach_by(heroku: Host, *domains: str) -> None:
    """Have the app these custom domains."""
    url = f"{heroku.url}/_emulator/apps/{APP}"
    patient.patch(url, json={"domains": list(domains)}).raise_for_status()


def providing(redirect_uri: str) -> bytes:
    """A listener that has a client."""
    made = {"id": "client-1", "redirect_uri": redirect_uri, "secret": "hush-hush"}
    return answer("200 OK", json.dumps(made))


def bind(autopromote: Autopromote, listener: Stranger, heroku: Host, *flags: str) -> Outcome:
    """Have the client of the one set at the other."""
    listens = {"AUTOPROMOTE_URL": listener.url, "AUTOPROMOTE_TOKEN": "t"}
    asks = {"HEROKU_API_URL": heroku.url, "HEROKU_API_KEY": "HRKU-ana"}
    return autopromote("login:client", "-a", APP, *flags, **listens, **asks)


def config(heroku: Host) -> Any:
    """What is set on the app."""
    version = "application/vnd.heroku+json; version=3"
    headers = {"Authorization": "Bearer HRKU-ana", "Accept": version}
    return patient.get(heroku.url + PATH, headers=headers).raise_for_status().json()


@pytest.mark.parametrize("domains", [(), ("127.0.0.1.example", "promote.acme.example", "*.0.0.1")])
def test_a_listener_that_is_not_the_app_is_asked_for_no_client(
    autopromote: Autopromote, heroku: Host, domains: tuple[str, ...]
) -> None:
    reach_by(heroku, *domains)
    with stranger(providing("https://promote.acme.example/login/callback")) as listener:
        outcome = bind(autopromote, listener, heroku)
    assert (outcome.stdout, outcome.code, config(heroku)) == ("", 1, {})
    assert f"{listener.url}, which is no address of ⬢ {APP} (" in " ".join(outcome.stderr.split())
    assert listener.heard == []


@pytest.mark.parametrize(
    "home",
    [
        "https://victim.example/login/callback",
        "{url}/login/callback/more",
        "{url}.victim.example/login/callback",
        "http://127.0.0.1:9/login/callback",
        "not a url",
        "ftp://victim.example/login/callback",
        "https://[::1/login/callback",
    ],
)
def test_a_client_that_sends_people_elsewhere_is_not_set(
    autopromote: Autopromote, heroku: Host, home: str
) -> None:
    reach_by(heroku, "127.0.0.1")
    with stranger(b"") as away:
        home = home.format(url=away.url)
    with stranger(providing(home)) as listener:
        outcome = bind(autopromote, listener, heroku)
    assert (outcome.stdout, outcome.code, config(heroku)) == ("", 1, {})
    assert "Nothing was set." in outcome.stderr
    assert "hush-hush" not in outcome.stderr


def test_a_heroku_that_tells_no_addresses_gets_no_client(
    autopromote: Autopromote, heroku: Host
) -> None:
    reach_by(heroku, "127.0.0.1")
    fault = {"kind": "status", "status": 200, "path": "/apps/.*/domains", "body": {"no": "list"}}
    patient.post(f"{heroku.url}/_emulator/faults", json=fault).raise_for_status()
    with stranger(providing("https://promote.acme.example/login/callback")) as listener:
        outcome = bind(autopromote, listener, heroku)
    assert (outcome.code, config(heroku)) == (1, {})
    assert f"{heroku.url} does not answer like Heroku." in outcome.stderr
    assert listener.heard == []
