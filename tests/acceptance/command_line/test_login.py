"""Logging in shows nobody a powerful token, and one who is logged in stays so."""

from __future__ import annotations

import json
import re
import stat

import httpx
import pytest

from autopromote.commands.login import UNBOUND
from tests import patient
from tests.acceptance.command_line.people import (
    APPROVER_TOKEN,
    STRANGER_TOKEN,
    TIME,
    VIEWER_TOKEN,
    answer_of,
    apps,
    asked,
    login_file,
)
from tests.acceptance.town import ADMIN_TOKEN, Town
from tests.cli.program import BAR, Autopromote, barred, failed
from tests.cli.stranger import answer, stranger

pytestmark = pytest.mark.acceptance


def test_a_login_shows_the_listener_a_throw_away_token_and_ends_it(
    town: Town, person: Autopromote
) -> None:
    town.heroku.control("requests", method="DELETE")
    assert person("login") == (
        "Logged in as ana@example.com (admin)\n",
        f"Logging in to {town.url}... done\n" + barred(f"Warning: {UNBOUND.format(app='APP')}"),
        0,
    )

    made, shown, ended = asked(town)
    assert (made, shown) == ("POST /oauth/authorizations", "GET /account")
    assert ended.startswith("DELETE /oauth/authorizations/")
    [request] = [
        one
        for one in town.heroku.control("requests", method="GET")
        if one["path"] == "/oauth/authorizations"
    ]
    assert (request["body"]["scope"], request["body"]["expires_in"]) == (["identity"], 60)
    left = town.heroku.api("GET", "/oauth/authorizations")
    assert [one["scope"] for one in left if "identity" in one["scope"]] == []


def test_whoever_is_logged_in_to_never_sees_the_credential(town: Town, person: Autopromote) -> None:
    with stranger(answer("200 OK", '{"oauth_client": null}')) as greedy:
        outcome = person("login", "--url", greedy.url)
    assert "Couldn't understand the answer" in outcome.stderr

    assert not [heard for heard in greedy.heard if ADMIN_TOKEN.encode() in heard]
    heard = greedy.heard[1]
    shown = json.loads(heard.partition(b"\r\n\r\n")[2])["heroku_token"]
    account = patient.get(
        f"{town.heroku.url}/account",
        headers={
            "Authorization": f"Bearer {shown}",
            "Accept": "application/vnd.heroku+json; version=3",
        },
    )
    assert account.status_code == 401, "what was shown is of no use any more"


def test_a_login_is_kept_for_its_owner_alone(town: Town, ana: Autopromote) -> None:
    kept = json.loads(login_file(ana).read_text())

    assert (kept["url"], kept["email"], kept["role"]) == (town.url, "ana@example.com", "admin")
    assert ADMIN_TOKEN not in login_file(ana).read_text()
    assert stat.S_IMODE(login_file(ana).stat().st_mode) == 0o600
    assert stat.S_IMODE(login_file(ana).parent.stat().st_mode) == 0o700


def test_whoami_tells_who_and_what_one_may(town: Town, ana: Autopromote) -> None:
    outcome = ana("whoami")
    assert (outcome.stderr, outcome.code) == ("", 0)
    assert re.fullmatch(
        rf"=== ana@example\.com\n\nRole: +admin\nListener: +{town.url}\n"
        rf"Version: +\S+\nToken expires: +{TIME}\n",
        outcome.stdout,
    )
    answer = answer_of(ana, "whoami")
    assert (answer["email"], answer["role"]) == ("ana@example.com", "admin")


def test_a_login_that_no_pattern_matches_is_refused_and_leaves_nothing(
    town: Town, person: Autopromote
) -> None:
    outcome = person("login", HEROKU_API_KEY=STRANGER_TOKEN)

    assert (outcome.stdout, outcome.code) == ("", 1)
    assert outcome.stderr.startswith(f"Logging in to {town.url}... !\n{BAR}Error: ")
    assert outcome.stderr.endswith(barred("Error ID: no_role"))
    assert not login_file(person).exists()
    authorizations = asked(town)[-1]
    assert authorizations.startswith("DELETE /oauth/authorizations/")


def test_a_token_that_may_make_none_is_only_sent_when_told_to(
    town: Town, person: Autopromote
) -> None:
    narrow = "HRKU-narrow"
    body = {"token": narrow, "email": "ana@example.com", "scope": ["identity"]}
    town.heroku.control("tokens", body)
    town.heroku.control("requests", method="DELETE")

    outcome = person("login", HEROKU_API_KEY=narrow)
    assert outcome == (
        "",
        f"Logging in to {town.url}... !\n"
        + barred(
            "Error: Heroku made no throw-away token: The scope of this OAuth authorization"
            " does not allow access to this resource.",
            f"Nothing was sent to {town.url}. To send it your Heroku token itself,"
            " run `autopromote login --send-full-token`.",
            "",
            "Error ID: forbidden",
        ),
        1,
    )
    assert asked(town) == ["POST /oauth/authorizations"]

    told = person("login", "--send-full-token", HEROKU_API_KEY=narrow)
    assert told.stdout == "Logged in as ana@example.com (admin)\n"
    assert asked(town)[1:] == ["POST /oauth/authorizations", "GET /account"]


def test_netrc_serves_as_well(town: Town, person: Autopromote) -> None:
    machine = town.heroku.url.removeprefix("http://")
    netrc = f"machine {machine}\n  login ana@example.com\n  password {ADMIN_TOKEN}\n"
    (person.home / ".netrc").write_text(netrc)
    outcome = person("login", HEROKU_API_KEY="")
    assert outcome.stdout == "Logged in as ana@example.com (admin)\n"


def test_an_expired_login_is_renewed_without_a_word(ana: Autopromote) -> None:
    kept = json.loads(login_file(ana).read_text())
    login_file(ana).write_text(json.dumps(kept | {"token": "expired"}))

    outcome = ana("rules", "--app", "nothing-there", "--json")
    assert (outcome.stderr, outcome.code) == ("", 0)
    assert json.loads(login_file(ana).read_text())["token"] != "expired"


def test_a_token_of_the_environment_is_not_renewed(ana: Autopromote) -> None:
    outcome = ana("whoami", AUTOPROMOTE_TOKEN="expired")
    assert (outcome.stdout, outcome.code) == ("", 1)
    assert outcome.stderr.endswith(barred("Error ID: unauthorized"))


def test_logging_out_ends_the_token_everywhere(town: Town, person: Autopromote) -> None:
    assert person("login").code == 0
    token = json.loads(login_file(person).read_text())["token"]
    with town.beside() as second:
        assert whoami(second.url, token).status_code == 200
        assert person("logout") == ("", f"Logging out of {town.url}... done\n", 0)
        assert [whoami(url, token).status_code for url in (second.url, town.url)] == [401, 401]
    assert person("whoami") == failed("Not logged in. Run `autopromote login`.")


def whoami(url: str, token: str) -> httpx.Response:
    """Ask a listener with a token that somebody kept."""
    return patient.get(f"{url}/api/whoami", headers={"Authorization": f"Bearer {token}"})


def test_a_login_warns_where_the_environment_goes_first(person: Autopromote) -> None:
    outcome = person("login", AUTOPROMOTE_TOKEN="given")
    warning = barred("Warning: AUTOPROMOTE_TOKEN is set, and goes before this login.")
    assert outcome.stderr.endswith(warning)
    assert outcome.code == 0


def test_who_may_only_look_is_told_so(town: Town, person: Autopromote) -> None:
    assert person("login", HEROKU_API_KEY=VIEWER_TOKEN).stdout.endswith("(viewer)\n")
    assert person("rules").code == 0

    refused = person("holds:add", "--app", "anything", "--reason", "why")
    assert refused.code == 1
    assert refused.stderr.startswith("Adding hold on ⬢ anything... !\n")
    assert refused.stderr.endswith(barred("Error ID: forbidden"))


def test_an_approver_holds_and_sets_up_nothing(town: Town, person: Autopromote) -> None:
    apps(town, "approved")
    assert person("login", HEROKU_API_KEY=APPROVER_TOKEN).stdout.endswith("(approver)\n")
    assert person("holds:add", "--app", "approved", "--reason", "why").code == 0
    assert person("webhooks:add", "--app", "approved").stderr.endswith(
        barred("Error ID: forbidden")
    )
