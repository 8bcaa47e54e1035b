"""Tokens of machines: what they may and may not, how long, and how that ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from listener.app import Parts, assemble, build
from listener.config import Settings
from tests.api.conftest import ADMIN, APPROVER, VIEWER
from tests.logins import bearer

As = Callable[[str], dict[str, str]]
PATH = "/api/machine-tokens"


@pytest.fixture
def second(settings: Settings) -> Iterator[FlaskClient]:
    """Requests to another process, which shares nothing but the database and the settings."""
    with closing(assemble(settings)) as parts:
        yield build(parts).test_client()


@pytest.fixture
def make(client: FlaskClient, as_: As) -> Callable[..., Any]:
    """Make a token, as an admin."""

    def made(**wish: object) -> Any:
        body = {"name": "ci", "role": "promoter", **wish}
        answer = client.post(PATH, json=body, headers=as_(ADMIN))
        assert answer.status_code == 201, answer.text
        return answer.get_json()

    return made


def test_a_token_is_shown_once_and_works(
    client: FlaskClient, as_: As, make: Callable[..., Any], parts: Parts
) -> None:
    made = make()
    text_of = made.pop("token")
    listed = client.get(PATH, headers=as_(ADMIN))
    assert listed.get_json() == [made]
    assert text_of not in listed.text
    with parts.database.begin() as conn:
        assert text_of not in str(conn.execute(text("SELECT * FROM access_token")).all())

    said = client.get("/api/whoami", headers=bearer(text_of)).get_json()
    assert (said["email"], said["role"]) == ("token:ci", "promoter")
    assert said["roles"] == [{"role": "promoter", "apps": None}]
    assert said["token_expires_at"] == made["expires_at"]
    [again] = client.get(PATH, headers=as_(ADMIN)).get_json()
    assert (made["last_used_at"], again["last_used_at"] is None) == (None, False)
    assert (again["made_by"], again["made_from"]) == (ADMIN, "127.0.0.1")


def test_it_ends_in_ninety_days_unless_said(make: Callable[..., Any]) -> None:
    ends = datetime.fromisoformat(make()["expires_at"])
    assert abs(ends - datetime.now(UTC) - timedelta(days=90)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "wish",
    [
        {"role": "approver"},
        {"role": "admin"},
        {"role": "viewer", "name": "Has Spaces"},
        {"name": ""},
        {"name": "ana@example.com"},
        {"name": "a" * 41},
        {"name": "1"},
        {"name": "a/b"},
        {"apps": []},
        {"apps": ["Pay_*"]},
        {"apps": ["a"] * 21},
        {"apps": "pay-*"},
        {"expires_at": "2020-01-31T18:00:00Z"},
        {"expires_at": "2190-01-31T18:00:00Z"},
        {"email": ADMIN},
    ],
)
def test_what_is_no_token_of_a_machine_is_refused(
    client: FlaskClient, as_: As, wish: dict[str, object]
) -> None:
    body = {"name": "ci", "role": "promoter", **wish}
    answer = client.post(PATH, json=body, headers=as_(ADMIN))
    assert (answer.status_code, answer.get_json()["id"]) == (422, "invalid_params"), answer.text
    assert client.get(PATH, headers=as_(ADMIN)).get_json() == []


def test_a_name_is_one_s_until_it_is_revoked_or_over(
    client: FlaskClient, as_: As, make: Callable[..., Any], parts: Parts
) -> None:
    first = make()
    again = client.post(PATH, json={"name": "ci", "role": "viewer"}, headers=as_(ADMIN))
    assert (again.status_code, again.get_json()["id"]) == (409, "token_exists")

    assert client.delete(f"{PATH}/ci", headers=as_(ADMIN)).get_json()["name"] == "ci"
    second = make(role="viewer")
    assert client.get("/api/whoami", headers=bearer(first["token"])).status_code == 401
    assert client.get("/api/whoami", headers=bearer(second["token"])).status_code == 200

    with parts.database.begin() as conn:
        conn.execute(text("UPDATE access_token SET expires_at = now() WHERE name = 'ci'"))
    assert client.get(PATH, headers=as_(ADMIN)).get_json() == []
    assert make()["role"] == "promoter"


def test_what_is_revoked_is_refused_by_every_process_at_once(
    client: FlaskClient, second: FlaskClient, as_: As, make: Callable[..., Any]
) -> None:
    headers = bearer(make()["token"])
    for one in (client, second):
        assert one.get("/api/whoami", headers=headers).status_code == 200
    assert client.delete(f"{PATH}/ci", headers=as_(ADMIN)).status_code == 200
    for one in (second, client):
        assert one.get("/api/whoami", headers=headers).status_code == 401
    gone = client.delete(f"{PATH}/ci", headers=as_(ADMIN))
    assert (gone.status_code, gone.get_json()["id"]) == (404, "token_not_found")


def test_the_audit_names_the_machine_and_who_made_it(
    client: FlaskClient, as_: As, make: Callable[..., Any], parts: Parts
) -> None:
    headers = bearer(make(apps=["pay-*", "shop"])["token"])
    for _ in range(3):
        assert client.get("/api/whoami", headers=headers).status_code == 200
        with parts.database.begin() as conn:
            conn.execute(text("UPDATE access_token SET last_used_at = now() - interval '61 s'"))
    client.delete(f"{PATH}/ci", headers=as_(ADMIN))
    client.get("/api/whoami", headers=headers)

    found = client.get("/api/audit-entries", headers=as_(ADMIN)).get_json()[::-1]
    assert [(one["action"], one["by"], one["subject"]["id"]) for one in found] == [
        ("token.created", ADMIN, "ci"),
        ("token.first_used", "token:ci", "ci"),
        ("token.revoked", ADMIN, "ci"),
        ("login.refused", "token:ci", "127.0.0.1"),
    ]
    assert found[0]["after"]["apps"] == ["pay-*", "shop"]


def test_a_machine_gets_no_code_that_would_log_a_browser_in(
    client: FlaskClient, make: Callable[..., Any]
) -> None:
    answer = client.post("/api/login-codes", headers=bearer(make()["token"]))
    assert (answer.status_code, answer.get_json()["id"]) == (403, "forbidden")
    assert "for people alone" in answer.get_json()["message"]


@pytest.mark.parametrize("email", [APPROVER, VIEWER, "token"])
def test_only_an_admin_makes_tokens(
    client: FlaskClient, as_: As, make: Callable[..., Any], email: str
) -> None:
    headers = bearer(make()["token"]) if email == "token" else as_(email)
    body = {"name": "own", "role": "viewer"}
    assert client.post(PATH, json=body, headers=headers).status_code == 403
    assert client.get(PATH, headers=headers).status_code == 403
    assert client.delete(f"{PATH}/ci", headers=headers).status_code == 403


def test_admins_are_told_of_a_token_that_ends_soon(
    client: FlaskClient, as_: As, make: Callable[..., Any]
) -> None:
    make(name="nightly")
    make(expires_at=(datetime.now(UTC) + timedelta(days=10)).isoformat())
    for email, told in ((ADMIN, ["The token ci ends in 9 days."]), (VIEWER, [])):
        found = client.get("/api/findings", headers=as_(email)).get_json()
        assert [each["message"] for each in found if each["name"] == "machine_token"] == told


def test_machines_go_on_when_people_are_thrown_out_and_are_named(
    client: FlaskClient, as_: As, make: Callable[..., Any]
) -> None:
    headers = bearer(make()["token"])
    for said in ({"email": ADMIN}, {"all": True}):
        ended = client.post("/api/people/actions/revoke", json=said, headers=as_(ADMIN))
        assert ended.get_json()["machine_tokens"] == ["ci"]
    assert client.get("/api/whoami", headers=headers).status_code == 200
    ended = client.post("/api/people/actions/revoke", json={"email": VIEWER}, headers=as_(ADMIN))
    assert ended.get_json()["machine_tokens"] == []


def test_a_machine_gives_its_own_token_back(client: FlaskClient, make: Callable[..., Any]) -> None:
    headers = bearer(make()["token"])
    answer = client.delete("/api/tokens/current", headers=headers)
    assert answer.get_json() == {"email": "token:ci"}
    assert client.get("/api/whoami", headers=headers).status_code == 401


def test_a_stored_role_or_pattern_that_is_understood_no_more_opens_nothing(
    client: FlaskClient, make: Callable[..., Any], parts: Parts
) -> None:
    headers = bearer(make()["token"])
    for change in ("role = 'owner'", "role = 'viewer', apps = '[\"A B\"]'"):
        with parts.database.begin() as conn:
            conn.execute(text(f"UPDATE access_token SET {change} WHERE name = 'ci'"))  # noqa: S608
        answer = client.get("/api/whoami", headers=headers)
        assert (answer.status_code, answer.get_json()["id"]) == (403, "no_role")
