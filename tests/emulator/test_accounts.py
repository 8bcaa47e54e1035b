"""Tokens: who they belong to, what they may do, how long they live."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest

from emulator.world import World
from tests.emulator.callers import ANA, ROBOT, UNKNOWN, VERSION_3, Caller


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    "header", ["Bearer HRKU-robot", "bearer HRKU-robot", _basic("", "HRKU-robot")]
)
def test_a_token_is_a_bearer_token_or_a_password_without_user(ana: Caller, header: str) -> None:
    assert ana.get("/account", Authorization=header)["email"] == ROBOT


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer nobody",
        "HRKU-robot",
        _basic("ana", "HRKU-robot"),
        "Basic %%%",
        "Basic /w==",
    ],
)
def test_anything_else_is_unauthorized(ana: Caller, header: str) -> None:
    assert ana.refused("GET", "/account", Authorization=header) == (401, "unauthorized")


@pytest.mark.parametrize(
    "accept",
    [
        VERSION_3,
        VERSION_3 + ".sdk",
        VERSION_3 + ".webhooks",
        "application/vnd.heroku+json;version=3",
    ],
)
def test_version_3_and_its_variants_are_served(ana: Caller, accept: str) -> None:
    assert ana.ask("GET", "/apps", Accept=accept).status_code == 200


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "application/vnd.heroku+json", VERSION_3 + "0"]
)
def test_other_versions_are_not(ana: Caller, accept: str) -> None:
    answer = ana.ask("GET", "/apps", Accept=accept)
    # Recorded: another id and another key than of all other refusals, and nothing of limits.
    assert answer.json().keys() == {"id", "error"}
    assert (answer.status_code, answer.json()["id"]) == (406, "missing_version")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert not {"oauth-scope", "ratelimit-remaining"} & answer.headers.keys()


def test_a_new_authorization_is_a_token_of_the_same_account(ana: Caller) -> None:
    made = ana.post("/oauth/authorizations", {"scope": ["global"], "description": "for a test"})

    token = made["access_token"]["token"]
    assert ana.get("/account", Authorization=f"Bearer {token}")["email"] == ANA
    assert (made["description"], made["scope"], made["access_token"]["expires_in"]) == (
        "for a test",
        ["global"],
        None,
    )


def test_a_token_is_shown_once(ana: Caller) -> None:
    made = ana.post("/oauth/authorizations", {"scope": ["global"]})

    again = ana.get(f"/oauth/authorizations/{made['id']}")
    listed = ana.get("/oauth/authorizations")
    assert set(again["access_token"]["token"]) == {"*"}
    assert made["id"] in [each["id"] for each in listed]
    assert all(set(each["access_token"]["token"]) == {"*"} for each in listed)


def test_a_deleted_authorization_is_no_longer_valid(ana: Caller) -> None:
    made = ana.post("/oauth/authorizations", {"scope": ["identity"], "expires_in": 60})
    header = f"Bearer {made['access_token']['token']}"
    assert ana.ask("GET", "/account", Authorization=header).status_code == 200

    assert ana.ask("DELETE", f"/oauth/authorizations/{made['id']}").status_code == 200

    assert ana.refused("GET", "/account", Authorization=header) == (401, "unauthorized")


@pytest.mark.parametrize("seconds", [60, "60"])
def test_a_token_expires(ana: Caller, world: World, seconds: object) -> None:
    made = ana.post("/oauth/authorizations", {"scope": ["identity"], "expires_in": seconds})
    header = f"Bearer {made['access_token']['token']}"

    world.advance(timedelta(seconds=59))
    assert ana.ask("GET", "/account", Authorization=header).status_code == 200
    world.advance(timedelta(seconds=1))
    assert ana.refused("GET", "/account", Authorization=header) == (401, "unauthorized")


def test_nobody_sees_the_authorizations_of_others(ana: Caller, eve: Caller) -> None:
    made = ana.post("/oauth/authorizations", {"scope": ["global"]})

    assert eve.refused("GET", f"/oauth/authorizations/{made['id']}") == (404, "not_found")
    assert eve.refused("DELETE", f"/oauth/authorizations/{made['id']}") == (404, "not_found")
    assert eve.refused("GET", f"/oauth/authorizations/{UNKNOWN}") == (404, "not_found")


@pytest.mark.parametrize(
    "body", [{}, {"scope": []}, {"scope": ["everything"]}, {"scope": ["global"], "expires_in": 0}]
)
def test_an_authorization_needs_a_known_scope_and_a_future(ana: Caller, body: object) -> None:
    assert ana.refused("POST", "/oauth/authorizations", body) == (422, "invalid_params")


SLUG = {"slug": UNKNOWN}


@pytest.mark.parametrize(
    ("scope", "method", "path", "body", "status"),
    [
        ("identity", "GET", "/account", None, 200),
        ("identity", "GET", "/apps", None, 403),
        ("identity", "POST", "/oauth/authorizations", {"scope": ["global"]}, 403),
        ("read", "GET", "/apps/staging", None, 200),
        ("read", "GET", "/apps/staging/releases", None, 403),
        ("read", "POST", "/filters/apps", {"in": {"id": []}}, 200),
        ("write", "POST", "/apps/production/releases", SLUG, 403),
        ("write", "GET", "/apps/staging/webhooks", None, 200),
        ("read-protected", "GET", "/apps/staging/releases", None, 200),
        ("read-protected", "POST", "/apps/production/releases", SLUG, 403),
        ("write-protected", "POST", "/apps/production/releases", SLUG, 404),
        ("write-protected", "GET", "/apps/staging/config-vars", None, 200),
    ],
)
def test_a_scope_limits_what_a_token_may_do(
    ana: Caller, scope: str, method: str, path: str, body: object, status: int
) -> None:
    ana.control("tokens", {"token": "HRKU-limited", "email": ANA, "scope": [scope]})

    answer = ana.ask(method, path, body, Authorization="Bearer HRKU-limited")

    assert answer.status_code == status
    assert answer.headers["Oauth-Scope"] == scope
    assert (scope in answer.headers["Oauth-Scope-Accepted"].split()) == (status != 403)
