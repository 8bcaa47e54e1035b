"""A listener with an OAuth client of its own: only who lets that very client know is let in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from tests.acceptance.command_line.people import STRANGER_TOKEN, asked, login_file
from tests.acceptance.town import ADMIN_TOKEN, ROBOT_TOKEN, Dyno, Town
from tests.cli.program import Autopromote, barred

pytestmark = pytest.mark.acceptance


@dataclass
class Bound:
    """A second dyno, which has a client."""

    town: Town
    dyno: Dyno
    client: dict[str, Any]

    @property
    def url(self) -> str:
        """Where it is."""
        return self.dyno.url

    def heroku(self, token: str, method: str, path: str, body: Any = None) -> Any:
        """Ask Heroku with somebody's token."""
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.heroku+json; version=3",
        }
        url = f"{self.town.heroku.url}{path}"
        return httpx.request(method, url, json=body, headers=headers).raise_for_status().json()


@pytest.fixture(scope="module")
def bound(town: Town) -> Iterator[Bound]:
    """A listener whose client was made by its own Heroku user."""
    made = Bound(town, town.dynos[0], {})
    port_of = "http://127.0.0.1:9/login/callback"  # until the dyno has a port
    wanted = {"name": "acme", "redirect_uri": port_of}
    made.client = made.heroku(ROBOT_TOKEN, "POST", "/oauth/clients", wanted)
    made.dyno = town.start(
        second=True,
        AUTOPROMOTE_OAUTH_ID=made.client["id"],
        AUTOPROMOTE_OAUTH_SECRET=made.client["secret"],
    )
    home = {"redirect_uri": f"{made.url}/login/callback"}
    made.heroku(ROBOT_TOKEN, "PATCH", f"/oauth/clients/{made.client['id']}", home)
    yield made
    made.dyno.process.stop()
    town.dynos.remove(made.dyno)


@pytest.fixture
def ana(person: Autopromote, bound: Bound) -> Autopromote:
    """The program of an admin who has not logged in there yet."""
    return replace(person, env={**person.env, "AUTOPROMOTE_URL": bound.url})


def test_a_login_shows_the_listener_a_code_and_ends_what_it_came_from(
    bound: Bound, ana: Autopromote
) -> None:
    bound.town.heroku.control("requests", method="DELETE")
    assert ana("login") == (
        "Logged in as ana@example.com (admin)\n",
        f"Logging in to {bound.url}... done\n",
        0,
    )

    made, redeemed, account, ended, deleted = asked(bound.town)
    assert (made, redeemed) == ("POST /oauth/authorizations", "POST /oauth/tokens")
    assert account == "GET /account"
    assert ended.startswith("DELETE /oauth/tokens/")
    assert deleted.startswith("DELETE /oauth/authorizations/")
    left = bound.heroku(ADMIN_TOKEN, "GET", "/oauth/authorizations")
    assert [one for one in left if one["client"] is not None] == []
    assert ana("whoami").code == 0
    assert bound.client["secret"] not in bound.dyno.process.log.read_text()


def test_an_expired_login_is_renewed_by_a_code(bound: Bound, ana: Autopromote) -> None:
    assert ana("login").code == 0
    kept = login_file(ana).read_text()
    login_file(ana).write_text(kept.replace('"token": "', '"token": "x'))
    assert ana("rules", "--json").stderr == ""


def test_a_token_that_any_program_could_have_is_no_login(bound: Bound) -> None:
    wanted = {"scope": ["identity"], "expires_in": 60}
    made = bound.heroku(ADMIN_TOKEN, "POST", "/oauth/authorizations", wanted)
    body = {"heroku_token": made["access_token"]["token"]}
    answered = httpx.post(f"{bound.url}/api/tokens", json=body)
    assert (answered.status_code, answered.json()["id"]) == (403, "heroku_token_not_taken")


def test_a_code_that_another_listener_asked_for_is_worth_nothing_here(bound: Bound) -> None:
    other = {"name": "other", "redirect_uri": "https://other.example/login/callback"}
    client = bound.heroku(STRANGER_TOKEN, "POST", "/oauth/clients", other)
    wanted = {"client": client["id"], "scope": ["identity"]}
    grant = bound.heroku(ADMIN_TOKEN, "POST", "/oauth/authorizations", wanted)["grant"]
    answered = httpx.post(f"{bound.url}/api/tokens", json={"heroku_code": grant["code"]})
    assert (answered.status_code, answered.json()["id"]) == (401, "heroku_code_refused")


@pytest.mark.parametrize("demand", [{"client": "object"}, {"refresh_token": "refused"}])
def test_heroku_may_read_what_the_schema_leaves_open_either_way(
    bound: Bound, ana: Autopromote, demand: dict[str, str]
) -> None:
    bound.town.heroku.control("oauth", demand)
    try:
        assert ana("login").stdout == "Logged in as ana@example.com (admin)\n"
    finally:
        bound.town.heroku.control("oauth", {})


def test_a_heroku_that_refuses_the_new_way_is_never_gone_round(
    bound: Bound, ana: Autopromote
) -> None:
    body = {"id": "forbidden", "message": "Not for you."}
    bound.town.heroku.fault("status", path="/oauth/tokens", status=403, body=body)
    try:
        outcome = ana("login", "--send-full-token")
    finally:
        bound.town.heroku.control("faults", method="DELETE")
    assert (outcome.stdout, outcome.code) == ("", 1)
    assert outcome.stderr == f"Logging in to {bound.url}... !\n" + barred(
        "Error: Heroku does not accept that code, which is good once: Not for you.",
        "If Heroku refuses every login so, an admin may unset AUTOPROMOTE_OAUTH_ID and"
        " AUTOPROMOTE_OAUTH_SECRET: then a token of any program tells who somebody is.",
        "",
        "Error ID: heroku_code_refused",
    )
