"""A listener with an OAuth client of its own: only who lets that very client know is let in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests import patient
from tests.acceptance.command_line.people import (
    STRANGER_TOKEN,
    answer_of,
    asked,
    login_file,
)
from tests.acceptance.town import ADMIN, ADMIN_TOKEN, ROBOT_TOKEN, Town
from tests.cli.program import Autopromote, Outcome, barred

pytestmark = pytest.mark.acceptance


APP, OTHER = "acme-autopromote", "acme-eu-autopromote"


@dataclass
class Bound:
    """A listener that was given a client by its admin, and what that command said."""

    town: Town
    setup: Outcome
    elsewhere: Outcome  # of the same with the app of another listener
    config: dict[str, str]

    @property
    def url(self) -> str:
        """Where it is."""
        return self.town.url

    @property
    def secret(self) -> str:
        """The client's."""
        return self.config["AUTOPROMOTE_OAUTH_SECRET"]

    def heroku(self, token: str, method: str, path: str, body: Any = None) -> Any:
        """Ask Heroku with somebody's token."""
        return ask(self.town, token, method, path, body)

    def logs(self) -> str:
        """All that its dynos wrote."""
        return "".join(dyno.process.log.read_text() for dyno in self.town.dynos)


def ask(town: Town, token: str, method: str, path: str, body: Any = None) -> Any:
    """Ask Heroku with somebody's token."""
    version = "application/vnd.heroku+json; version=3"
    headers = {"Authorization": f"Bearer {token}", "Accept": version}
    url = f"{town.heroku.url}{path}"
    return patient.request(method, url, json=body, headers=headers).raise_for_status().json()


@pytest.fixture(scope="module")
def bound(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bound]:
    """A listener that an admin binds to a client, and that restarts then, as at Heroku."""
    folder = tmp_path_factory.mktemp("bound")
    other = Town(town.heroku, town.settings["DATABASE_URL"], folder)
    home, directory, programs = (folder / name for name in ("home", "directory", "bin"))
    for each in (home, directory, programs):
        each.mkdir()
    given = {"HEROKU_API_URL": town.heroku.url, "HEROKU_API_KEY": ADMIN_TOKEN}
    ana = Autopromote(home, directory, programs, {"AUTOPROMOTE_URL": other.url, **given})
    ours = {"owner": ADMIN, "collaborators": [ADMIN]}
    town.heroku.control("apps", {"name": APP, "domains": ["127.0.0.1"], **ours})
    town.heroku.control("apps", {"name": OTHER, "domains": ["promote.acme.example"], **ours})
    try:
        first = other.start()
        assert ana("login").code == 0
        elsewhere = ana("login:client", "--app", OTHER)
        setup = ana("login:client", "--app", APP)
        config = ask(town, ADMIN_TOKEN, "GET", f"/apps/{APP}/config-vars")
        first.process.stop()
        other.start(**config)
        yield Bound(other, setup, elsewhere, config)
    finally:
        other.close()


@pytest.fixture
def ana(person: Autopromote, bound: Bound) -> Autopromote:
    """The program of an admin who has not logged in there yet."""
    return replace(person, env={**person.env, "AUTOPROMOTE_URL": bound.url})


def test_the_client_is_the_robot_s_and_its_secret_is_shown_nowhere(bound: Bound) -> None:
    said = (
        f"Looking for ⬢ {APP}... done\n"
        f"Making the OAuth client of {bound.url}... done\n"
        f"Setting AUTOPROMOTE_OAUTH_ID and AUTOPROMOTE_OAUTH_SECRET on ⬢ {APP}... done\n"
        f"⬢ {APP} restarts now. From then on people log in by a code for this listener alone;"
        " who is logged in stays so.\n"
    )
    assert bound.setup == ("", said, 0)
    [client] = bound.heroku(ROBOT_TOKEN, "GET", "/oauth/clients")
    assert client["redirect_uri"] == f"{bound.url}/login/callback"
    assert (client["id"], client["secret"]) == (bound.config["AUTOPROMOTE_OAUTH_ID"], bound.secret)
    assert bound.secret not in bound.logs()


def test_it_is_made_once_and_audited(bound: Bound, ana: Autopromote) -> None:
    assert ana("login").code == 0
    again = ana("login:client", "--app", APP, "--json")
    assert json.loads(again.stdout) == {
        "id": bound.config["AUTOPROMOTE_OAUTH_ID"],
        "redirect_uri": f"{bound.url}/login/callback",
        "app": APP,
    }
    assert "done, the listener has it already\n" in again.stderr
    assert len(bound.heroku(ROBOT_TOKEN, "GET", "/oauth/clients")) == 1
    entries = answer_of(ana, "audit")
    told = [one["after"]["secret_told"] for one in entries if "oauth_client" in one["action"]]
    assert told == [False, True]
    assert bound.secret not in json.dumps(entries)


def test_an_app_that_one_may_not_change_gets_no_client(bound: Bound, ana: Autopromote) -> None:
    assert ana("login").code == 0
    before = len(bound.heroku(ROBOT_TOKEN, "GET", "/oauth/clients"))
    outcome = ana("login:client", "--app", "nobody-s-app")
    assert (outcome.stdout, outcome.code) == ("", 1)
    assert outcome.stderr == "Looking for ⬢ nobody-s-app... !\n" + barred(
        "Error: Couldn't find that app.", "", "Error ID: not_found"
    )
    assert len(bound.heroku(ROBOT_TOKEN, "GET", "/oauth/clients")) == before


def test_an_app_of_another_listener_gets_no_client(bound: Bound) -> None:
    """Else whoever logged in to the wrong listener would let it log people in at the right one."""
    own = urlsplit(bound.heroku(ADMIN_TOKEN, "GET", f"/apps/{OTHER}")["web_url"]).hostname
    assert (bound.elsewhere.stdout, bound.elsewhere.code) == ("", 1)
    assert bound.elsewhere.stderr == f"Looking for ⬢ {OTHER}... !\n" + barred(
        f"Error: You are logged in to {bound.url}, which is no address of ⬢ {OTHER}"
        f" ({own}, promote.acme.example): name the app of that listener by --app, or log in to the"
        f" listener of ⬢ {OTHER} first. Nothing was set."
    )
    assert bound.heroku(ADMIN_TOKEN, "GET", f"/apps/{OTHER}/config-vars") == {}


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
    assert bound.secret not in bound.logs()


def test_an_expired_login_is_renewed_by_a_code(bound: Bound, ana: Autopromote) -> None:
    assert ana("login").code == 0
    kept = login_file(ana).read_text()
    login_file(ana).write_text(kept.replace('"token": "', '"token": "x'))
    assert ana("rules", "--json").stderr == ""


def test_a_token_that_any_program_could_have_is_no_login(bound: Bound) -> None:
    wanted = {"scope": ["identity"], "expires_in": 60}
    made = bound.heroku(ADMIN_TOKEN, "POST", "/oauth/authorizations", wanted)
    body = {"heroku_token": made["access_token"]["token"]}
    answered = patient.post(f"{bound.url}/api/tokens", json=body)
    assert (answered.status_code, answered.json()["id"]) == (403, "heroku_token_not_taken")


def test_a_code_that_another_listener_asked_for_is_worth_nothing_here(bound: Bound) -> None:
    other = {"name": "other", "redirect_uri": "https://other.example/login/callback"}
    client = bound.heroku(STRANGER_TOKEN, "POST", "/oauth/clients", other)
    wanted = {"client": client["id"], "scope": ["identity"]}
    grant = bound.heroku(ADMIN_TOKEN, "POST", "/oauth/authorizations", wanted)["grant"]
    answered = patient.post(f"{bound.url}/api/tokens", json={"heroku_code": grant["code"]})
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


def test_the_secret_is_rotated_when_an_admin_has_left(bound: Bound, ana: Autopromote) -> None:
    """It comes last: from then on the dynos here have a secret that is no use."""
    assert ana("login").code == 0
    bound.town.heroku.fault("status", path="/apps/.*/config-vars", method="PATCH", status=403)
    try:
        stuck = ana("login:client", "--app", APP, "--rotate")
    finally:
        bound.town.heroku.control("faults", method="DELETE")
    assert stuck.code == 1
    assert "so nobody can log in: somebody who is logged in" in words(stuck)

    rotated = ana("login:client", "--app", APP, "--rotate")
    assert (rotated.stdout, rotated.code) == ("", 0)
    assert (
        "done, the listener has it already Making its secret anew... done"
        f" Setting AUTOPROMOTE_OAUTH_ID and AUTOPROMOTE_OAUTH_SECRET on ⬢ {APP}... done"
        f" ⬢ {APP} restarts now."
    ) in words(rotated)
    config = bound.heroku(ADMIN_TOKEN, "GET", f"/apps/{APP}/config-vars")
    [client] = bound.heroku(ROBOT_TOKEN, "GET", "/oauth/clients")
    assert config["AUTOPROMOTE_OAUTH_ID"] == bound.config["AUTOPROMOTE_OAUTH_ID"]
    assert config["AUTOPROMOTE_OAUTH_SECRET"] == client["secret"] != bound.secret
    assert client["secret"] not in bound.logs()


def words(outcome: Outcome) -> str:
    """What was said on the terminal, without its marks and breaks of lines."""
    return " ".join(outcome.stderr.replace("›", " ").split())
