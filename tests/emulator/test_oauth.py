"""OAuth clients: who may redeem which code, and how often."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from emulator.world import World
from tests.emulator.callers import ANA, UNKNOWN, Caller

BACK = "https://acme.example/login/callback"
REFUSED = (403, "forbidden")


@pytest.fixture
def client(eve: Caller) -> Any:
    """A client of somebody else's."""
    return eve.post("/oauth/clients", {"name": "acme", "redirect_uri": BACK})


@pytest.fixture
def granted(ana: Caller, client: Any) -> Any:
    """Ana's authorization for the client."""
    wanted = {"client": client["id"], "scope": ["identity"]}
    return ana.post("/oauth/authorizations", wanted)


def code_of(authorization: Any, client: Any) -> dict[str, Any]:
    """The body that redeems the code of an authorization."""
    return {
        "client": {"secret": client["secret"]},
        "grant": {"code": authorization["grant"]["code"], "type": "authorization_code"},
        "refresh_token": {"token": None},
    }


def redeem(caller: Caller, body: Any) -> Any:
    """Redeem a code without any token of one's own."""
    answer = caller.ask("POST", "/oauth/tokens", body, Authorization="")
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_code_is_redeemed_for_a_token_that_tells_who_its_user_is(
    ana: Caller, eve: Caller, client: Any, granted: Any
) -> None:
    assert granted["access_token"] is None
    assert granted["client"] == {"id": client["id"], "name": "acme", "redirect_uri": BACK}
    assert granted["grant"]["expires_in"] == 300

    tokens = redeem(eve, code_of(granted, client))

    header = f"Bearer {tokens['access_token']['token']}"
    assert eve.get("/account", Authorization=header)["email"] == ANA
    assert eve.refused("GET", "/apps", Authorization=header) == REFUSED
    assert ana.get(f"/oauth/authorizations/{granted['id']}")["grant"] is None


def test_a_code_is_good_once(eve: Caller, client: Any, granted: Any) -> None:
    redeem(eve, code_of(granted, client))
    assert eve.refused("POST", "/oauth/tokens", code_of(granted, client)) == REFUSED


def test_a_code_expires(world: World, eve: Caller, client: Any, granted: Any) -> None:
    world.advance(timedelta(seconds=300))
    assert eve.refused("POST", "/oauth/tokens", code_of(granted, client)) == REFUSED


def test_a_code_is_of_one_client_alone(eve: Caller, granted: Any) -> None:
    other = eve.post("/oauth/clients", {"name": "other", "redirect_uri": BACK})
    assert eve.refused("POST", "/oauth/tokens", code_of(granted, other)) == REFUSED


def test_a_rotated_client_has_another_secret_and_the_one_of_before_is_no_use(
    ana: Caller, eve: Caller, client: Any, granted: Any
) -> None:
    path = f"/oauth/clients/{client['id']}/actions/rotate-credentials"
    assert ana.refused("POST", path)[0] == 404
    rotated = eve.post(path, None)
    assert rotated["secret"] != client["secret"]
    assert eve.refused("POST", "/oauth/tokens", code_of(granted, client)) == REFUSED
    redeem(eve, code_of(granted, rotated))


def test_no_code_outlives_its_authorization_or_its_client(
    ana: Caller, eve: Caller, client: Any, granted: Any
) -> None:
    wanted = {"client": {"id": client["id"]}, "scope": ["identity"]}
    again = ana.post("/oauth/authorizations", wanted)
    ana.ask("DELETE", f"/oauth/authorizations/{granted['id']}")
    assert eve.refused("POST", "/oauth/tokens", code_of(granted, client)) == REFUSED
    eve.ask("DELETE", f"/oauth/clients/{client['id']}")
    assert eve.refused("POST", "/oauth/tokens", code_of(again, client)) == REFUSED


def test_a_token_ends_itself_and_no_other(eve: Caller, client: Any, granted: Any) -> None:
    access = redeem(eve, code_of(granted, client))["access_token"]
    header = f"Bearer {access['token']}"
    path = f"/oauth/tokens/{access['id']}"
    assert eve.refused("DELETE", path) == (404, "not_found")
    assert eve.ask("DELETE", path, Authorization=header).status_code == 200
    assert eve.refused("GET", "/account", Authorization=header) == (401, "unauthorized")


def test_only_the_owner_sees_the_secret_or_changes_a_client(
    ana: Caller, eve: Caller, client: Any
) -> None:
    path = f"/oauth/clients/{client['id']}"
    assert eve.get(path) == client
    assert eve.get("/oauth/clients") == [client]
    for told in (ana.get(path), ana.get(path, Authorization="")):
        assert told == {key: value for key, value in client.items() if key != "secret"}
    assert ana.refused("PATCH", path, {"name": "mine"}) == (404, "not_found")
    assert ana.refused("DELETE", path) == (404, "not_found")
    assert ana.get("/oauth/clients") == []
    assert ana.refused("GET", f"/oauth/clients/{UNKNOWN}") == (404, "not_found")
    changed = eve.ask("PATCH", path, {"redirect_uri": f"{BACK}2"}).json()
    assert (changed["name"], changed["redirect_uri"]) == ("acme", f"{BACK}2")


def test_a_client_that_is_none_can_be_allowed_nothing(ana: Caller) -> None:
    wanted = {"client": UNKNOWN, "scope": ["identity"]}
    assert ana.refused("POST", "/oauth/authorizations", wanted) == (400, "bad_request")


@pytest.mark.parametrize(
    "change",
    [
        {"grant": None},
        {"client": "secret"},
        {"grant": {"type": "refresh_token"}},
    ],
)
def test_what_is_no_code_is_refused(
    eve: Caller, client: Any, granted: Any, change: dict[str, Any]
) -> None:
    body = code_of(granted, client) | change
    assert eve.refused("POST", "/oauth/tokens", body) == (422, "invalid_params")


@pytest.mark.parametrize("demand", ["required", "refused"])
def test_what_the_schema_says_of_the_refresh_token_may_be_meant_or_not(
    ana: Caller, eve: Caller, client: Any, granted: Any, demand: str
) -> None:
    ana.control("oauth", {"refresh_token": demand})
    body = code_of(granted, client)
    without = {key: value for key, value in body.items() if key != "refresh_token"}
    good, bad = (body, without) if demand == "required" else (without, body)
    assert eve.refused("POST", "/oauth/tokens", bad) == (422, "invalid_params")
    redeem(eve, good)


@pytest.mark.parametrize("demand", ["string", "object"])
def test_a_client_may_have_to_be_named_in_one_form(ana: Caller, client: Any, demand: str) -> None:
    ana.control("oauth", {"client": demand})
    forms = {"string": client["id"], "object": {"id": client["id"]}}
    good = forms.pop(demand)
    [bad] = forms.values()
    ana.post("/oauth/authorizations", {"client": good, "scope": ["identity"]})
    wanted = {"client": bad, "scope": ["identity"]}
    assert ana.refused("POST", "/oauth/authorizations", wanted) == (422, "invalid_params")


Browse = Callable[..., Any]


@pytest.fixture
def browse(ana: Caller, client: Any) -> Browse:
    """A browser on the web login, which sends no version and no token."""

    def answer(said: str, **more: str) -> dict[str, list[str]]:
        form = {"client_id": client["id"], "scope": "identity", "email": ANA, **more}
        browser = ana.app.test_client()
        answered = browser.post("/oauth/authorize", data={**form, "authorize": said})
        assert answered.status_code == 302
        url = urlsplit(answered.headers["Location"])
        assert f"{url.scheme}://{url.netloc}{url.path}" == BACK
        return parse_qs(url.query)

    return answer


def test_the_web_login_asks_and_sends_the_browser_back_with_a_code(
    ana: Caller, eve: Caller, client: Any, browse: Browse
) -> None:
    query = {"client_id": client["id"], "response_type": "code", "scope": "identity"}
    page = ana.app.test_client().get("/oauth/authorize", query_string=query)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "Allow" in page.text

    said = browse("Allow", state="s&t")

    [code] = said.pop("code")
    assert said == {"state": ["s&t"]}
    tokens = redeem(eve, code_of({"grant": {"code": code}}, client))
    header = f"Bearer {tokens['access_token']['token']}"
    assert eve.get("/account", Authorization=header)["email"] == ANA


def test_the_web_login_sends_a_no_back(browse: Browse) -> None:
    assert browse("Deny", state="s") == {"error": ["access_denied"]}


@pytest.mark.parametrize("query", [{"client_id": UNKNOWN}, {"response_type": "token"}])
def test_the_web_login_knows_its_clients(ana: Caller, client: Any, query: dict[str, str]) -> None:
    asked = {"client_id": client["id"], "response_type": "code"} | query
    browser = ana.app.test_client()
    assert browser.get("/oauth/authorize", query_string=asked).status_code in (400, 422)
