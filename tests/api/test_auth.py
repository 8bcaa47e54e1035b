"""Who asks, and what they may: told anew for every request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from listener.api.answers import Reply
from listener.app import Parts, build
from listener.crypto import BadToken, Keys
from listener.pages.frame import SCRIPT, STYLESHEET
from listener.roles import Rights, Role, Roles
from listener.services.caller import Caller
from tests.api.conftest import ADMIN, APPROVER, STRANGER, VIEWER
from tests.logins import bearer, desk_of, token_of

As = Callable[[str], dict[str, str]]
OPEN = {
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/webhooks/github",
    "/webhooks/heroku",
    "/api/tokens",
    "/api/login",
    "/login/callback",
    STYLESHEET,
    SCRIPT,
}


def is_page(app: Flask, endpoint: str) -> bool:
    """Whether it is for browsers, which log in by a form and are asked for it by a page."""
    return bool(getattr(app.view_functions[endpoint], "reply", Reply()).is_page)


def test_every_route_but_the_open_ones_asks_who_comes(app: Flask, client: FlaskClient) -> None:
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<", "").replace(">", "")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if rule.rule not in OPEN and not is_page(app, rule.endpoint):
                answer = client.open(path, method=method, json={})
                assert (answer.status_code, answer.get_json()["id"]) == (401, "unauthorized"), path
                assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Basic YW5hOmFuYQ==",
        "nonsense",
    ],
)
def test_what_is_no_token_of_ours_is_nobody(client: FlaskClient, header: str) -> None:
    answer = client.get("/api/whoami", headers={"Authorization": header})
    assert (answer.status_code, answer.get_json()["id"]) == (401, "unauthorized")


def test_a_row_alone_lets_nobody_in(client: FlaskClient, parts: Parts) -> None:
    forged = token_of(parts.database, Keys(["o" * 32]), ADMIN)
    assert client.get("/api/whoami", headers=bearer(forged)).status_code == 401


def test_a_signature_without_a_row_lets_nobody_in(client: FlaskClient, parts: Parts) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    for said in ({"email": ADMIN}, {"email": ADMIN, "id": "none"}, {"email": ADMIN, "id": 1}):
        token = parts.keys.tokens.sign(said, until=until).text
        assert client.get("/api/whoami", headers=bearer(token)).status_code == 401


def test_a_token_that_ended_is_nobody_s(client: FlaskClient, parts: Parts) -> None:
    token = token_of(parts.database, parts.keys, ADMIN, life=timedelta(seconds=-1))
    assert client.get("/api/whoami", headers=bearer(token)).status_code == 401


def test_a_session_of_a_browser_is_no_token_and_a_token_is_no_session(
    client: FlaskClient, parts: Parts
) -> None:
    desk = desk_of(parts.database, parts.keys)
    caller = Caller(None, datetime.now(UTC))
    with parts.database.begin() as conn:
        session = desk.start_session(conn, ADMIN, caller)
    token = desk.log_in(ADMIN, Rights.of(Role.ADMIN), caller)
    assert client.get("/api/whoami", headers=bearer(session.text)).status_code == 401
    with pytest.raises(BadToken):
        desk.find_session(token.text, caller)
    row = desk.find_session(session.text, caller)
    assert row.email == ADMIN
    with pytest.raises(BadToken):  # whatever it is signed for
        desk.find(parts.keys.tokens.sign({"id": row.id}, until=row.expires_at).text, caller)


def test_the_scheme_is_read_in_any_case(client: FlaskClient, as_: As) -> None:
    token = as_(ADMIN)["Authorization"].removeprefix("Bearer ")
    answer = client.get("/api/whoami", headers={"Authorization": f"bEARER  {token}"})
    assert answer.status_code == 200


def test_a_token_without_a_role_opens_nothing(client: FlaskClient, as_: As) -> None:
    answer = client.get("/api/whoami", headers=as_(STRANGER))
    assert (answer.status_code, answer.get_json()["id"]) == (403, "no_role")


def test_a_role_that_does_not_suffice_is_said(client: FlaskClient, as_: As) -> None:
    answer = client.post("/api/rules", json={}, headers=as_(VIEWER))
    assert (answer.status_code, answer.get_json()) == (
        403,
        {"id": "forbidden", "message": f"That needs the role admin; {VIEWER} is viewer."},
    )


def test_a_change_of_the_settings_counts_at_once(parts: Parts, as_: As) -> None:
    headers = as_(APPROVER)
    changed = replace(parts, roles=Roles(admins=(APPROVER,)))

    assert build(changed).test_client().get("/api/whoami", headers=headers).get_json()["role"] == (
        "admin"
    )
