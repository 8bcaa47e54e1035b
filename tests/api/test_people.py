"""Who has logged in, and how that ends: at once, and at every process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, event, text

from listener.app import Parts, assemble, build
from listener.config import Settings
from listener.crypto import BadToken
from listener.db import one_time_codes
from listener.db.access_tokens import KEPT
from listener.roles import Rights, Role
from listener.services.caller import Caller as From
from listener.services.refusals import MOST, Refusals
from tests.acceptance.town import wait_until
from tests.api.conftest import ADMIN, APPROVER, STRANGER, VIEWER
from tests.logins import bearer, desk_of

FAR = {"X-Forwarded-For": "198.51.100.66, 203.0.113.9"}
NOWHERE = "203.0.113.9"


@pytest.fixture
def second(settings: Settings) -> Iterator[FlaskClient]:
    """Requests to another process, which shares nothing but the database and the settings."""
    with closing(assemble(settings)) as parts:
        yield build(parts).test_client()


LogIn = Callable[[str], dict[str, str]]


@pytest.fixture
def log_in(parts: Parts) -> LogIn:
    """Log somebody in, from an address."""

    def headers(email: str) -> dict[str, str]:
        caller = From(NOWHERE, datetime.now(UTC))
        role = Rights.of(Role.VIEWER)
        return bearer(desk_of(parts.database, parts.keys).log_in(email, role, caller).text)

    return headers


def revoke(client: FlaskClient, headers: dict[str, str], **whose: object) -> Any:
    """What ended."""
    answer = client.post("/api/people/actions/revoke", json=whose, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def actions(client: FlaskClient, headers: dict[str, str]) -> list[tuple[str, str, str]]:
    """What the audit log has, newest first."""
    found = client.get("/api/audit-entries", headers=headers).get_json()
    return [(one["action"], one["by"], one["subject"]["id"]) for one in found]


def test_people_are_listed_with_what_is_good(client: FlaskClient, log_in: LogIn) -> None:
    admin = log_in(ADMIN)
    log_in(VIEWER)
    code = client.post("/api/login-codes", headers=log_in(VIEWER.upper())).get_json()["code"]
    assert code

    found = {one["email"]: one for one in client.get("/api/people", headers=admin).get_json()}
    assert [one["kind"] for one in found[ADMIN]["tokens"]] == ["login"]
    viewer = found[VIEWER]
    assert (viewer["role"], viewer["roles"]) == ("viewer", [{"role": "viewer", "apps": None}])
    used, unused = viewer["tokens"]
    assert (used["made_from"], unused["made_from"]) == (NOWHERE, NOWHERE)
    assert (used["last_used_at"] is None, unused["last_used_at"]) == (False, None)
    assert viewer["last_used_at"] == used["last_used_at"]
    ends = datetime.fromisoformat(used["expires_at"]) - datetime.fromisoformat(used["created_at"])
    assert abs(ends - timedelta(hours=12)) < timedelta(seconds=5)


def test_what_is_revoked_is_refused_by_every_process_from_the_next_request_on(
    client: FlaskClient, second: FlaskClient, log_in: LogIn, parts: Parts
) -> None:
    admin, viewer, other = log_in(ADMIN), log_in(VIEWER), log_in(APPROVER)
    code = client.post("/api/login-codes", headers=viewer).get_json()["code"]
    desk, now = desk_of(parts.database, parts.keys), From(None, datetime.now(UTC))
    with parts.database.begin() as conn:
        session = desk.start_session(conn, VIEWER, now).text
    assert [one.get("/api/whoami", headers=viewer).status_code for one in (client, second)] == [
        200,
        200,
    ]
    assert desk.find_session(session, now).email == VIEWER

    ended = revoke(client, admin, email=VIEWER.upper())
    assert {"tokens": 1, "sessions": 1, "codes": 1, "machine_tokens": []}.items() <= ended.items()
    assert "can log in again" in ended["message"]

    for one in (second, client):
        assert one.get("/api/whoami", headers=viewer).status_code == 401
        assert one.get("/api/whoami", headers=other).status_code == 200
    with pytest.raises(BadToken):
        desk.find_session(session, now)
    with parts.database.begin() as conn:
        assert conn.execute(text("SELECT count(*) FROM ticket")).scalar_one() == 0
    assert code
    assert actions(client, admin)[-1] == ("person.logged_in", ADMIN, ADMIN)
    assert ("person.revoked", ADMIN, VIEWER.upper()) in actions(client, admin)
    assert ("login.refused", VIEWER, "127.0.0.1") in actions(client, admin)


def test_a_session_that_begins_at_this_moment_ends_as_well(
    client: FlaskClient, log_in: LogIn, parts: Parts
) -> None:
    viewer, admin = log_in(VIEWER), log_in(ADMIN)
    code = client.post("/api/login-codes", headers=viewer).get_json()["code"].replace("-", "")
    desk, now = desk_of(parts.database, parts.keys), From(None, datetime.now(UTC))
    with ThreadPoolExecutor(1) as other:
        with parts.database.begin() as conn:
            digest = parts.keys.digest(f"code {code}")
            assert one_time_codes.take(conn, digest, now=now.now) == VIEWER
            session = desk.start_session(conn, VIEWER, now).text
            ended = other.submit(revoke, client, admin, email=VIEWER)
            wait_until(lambda: somebody_waits(parts), "a revocation that waits for the code")
        assert (ended.result()["sessions"], ended.result()["codes"]) == (1, 0)
    with pytest.raises(BadToken):
        desk.find_session(session, now)


def somebody_waits(parts: Parts) -> bool:
    """Whether a transaction is kept waiting by another."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with parts.context.database.lend() as conn:
        return bool(conn.execute(query).scalar_one())


def test_what_ended_long_ago_is_forgotten_with_the_next_login(log_in: LogIn, parts: Parts) -> None:
    log_in(VIEWER)
    ages = (KEPT + timedelta(minutes=1), KEPT - timedelta(minutes=1))
    for age, left in zip(ages, (1, 2), strict=True):
        with parts.database.begin() as conn:
            values = {"over": datetime.now(UTC) - age}
            conn.execute(text("UPDATE access_token SET expires_at = :over"), values)
        log_in(ADMIN)
        with parts.database.begin() as conn:
            rows = conn.execute(text("SELECT count(*) FROM access_token")).scalar_one()
        assert rows == left


def test_all_is_all_oneself_as_well(client: FlaskClient, log_in: LogIn) -> None:
    admin, viewer = log_in(ADMIN), log_in(VIEWER)
    assert revoke(client, admin, all=True)["tokens"] == 2
    for headers in (admin, viewer):
        assert client.get("/api/whoami", headers=headers).status_code == 401
    again = log_in(ADMIN)
    revoked = {one for one in actions(client, again) if one[0] == "person.revoked"}
    assert revoked == {("person.revoked", ADMIN, ADMIN), ("person.revoked", ADMIN, VIEWER)}


def test_somebody_unknown_is_not_found(client: FlaskClient, log_in: LogIn) -> None:
    answer = client.post(
        "/api/people/actions/revoke", json={"email": STRANGER}, headers=log_in(ADMIN)
    )
    assert (answer.status_code, answer.get_json()["id"]) == (404, "person_not_found")


@pytest.mark.parametrize("said", [{}, {"all": False}, {"email": ADMIN, "all": True}, {"email": 7}])
def test_whose_logins_end_is_said_clearly(
    client: FlaskClient, log_in: LogIn, said: dict[str, object]
) -> None:
    answer = client.post("/api/people/actions/revoke", json=said, headers=log_in(ADMIN))
    assert (answer.status_code, answer.get_json()["id"]) == (422, "invalid_params")


@pytest.mark.parametrize("email", [APPROVER, VIEWER])
def test_only_an_admin_looks_at_people(client: FlaskClient, log_in: LogIn, email: str) -> None:
    headers = log_in(email)
    assert client.get("/api/people", headers=headers).status_code == 403
    body = {"email": VIEWER}
    answer = client.post("/api/people/actions/revoke", json=body, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("role", ["admins", "approvers", "viewers"])
def test_who_is_left_out_of_a_list_is_out_with_the_next_request(
    client: FlaskClient, settings: Settings, log_in: LogIn, role: str
) -> None:
    tokens = {email: log_in(email) for email in (ADMIN, APPROVER, VIEWER)}
    for email, headers in tokens.items():
        entries = (*getattr(settings, role), "cto@example.com", f"!{email}")
        changes: Any = {role: entries}
        with closing(assemble(replace(settings, **changes))) as parts:
            changed = build(parts).test_client()
            answer = changed.get("/api/whoami", headers=headers)
            assert (answer.status_code, answer.get_json()["id"]) == (403, "no_role")
            # What they have of ours can still be given back.
            assert changed.delete("/api/tokens/current", headers=headers).status_code == 200
            assert changed.get("/api/whoami", headers=headers).status_code == 401


def test_the_last_use_is_written_once_a_minute(
    client: FlaskClient, log_in: LogIn, parts: Parts
) -> None:
    headers = log_in(VIEWER)
    versions = [version(parts)]
    for _ in range(3):
        assert client.get("/api/whoami", headers=headers).status_code == 200
        versions.append(version(parts))
    with parts.database.begin() as conn:
        conn.execute(text("UPDATE access_token SET last_used_at = now() - interval '61 s'"))
    for _ in range(3):
        assert client.get("/api/whoami", headers=headers).status_code == 200
        versions.append(version(parts))
    assert [versions.count(one) for one in dict.fromkeys(versions)] == [1, 3, 3]


def test_a_request_begins_no_transaction_to_tell_who_asks(
    client: FlaskClient, log_in: LogIn
) -> None:
    headers, begun = log_in(VIEWER), list[Connection]()
    note = begun.append
    event.listen(Engine, "begin", note)
    try:
        for count in (1, 0):  # the first use is noted
            begun.clear()
            assert client.get("/api/whoami", headers=headers).status_code == 200
            assert len(begun) == count
    finally:
        event.remove(Engine, "begin", note)


def version(parts: Parts) -> str:
    """The version of the only row: every write makes another."""
    with parts.database.begin() as conn:
        return str(conn.execute(text("SELECT xmin::text FROM access_token")).scalar_one())


def test_a_database_that_takes_no_writes_is_read_all_the_same(
    settings: Settings, log_in: LogIn
) -> None:
    headers = log_in(VIEWER)
    url = f"{settings.database_url}&options=-c%20default_transaction_read_only%3Don"
    with closing(assemble(replace(settings, database_url=url))) as parts:
        client = build(parts).test_client()
        assert client.get("/api/whoami", headers=headers).status_code == 200
        assert client.get("/api/whoami", headers=log_in(STRANGER)).status_code == 403
        assert client.post("/api/login-codes", headers=headers).status_code == 503


def test_refusals_are_listed_so_many_a_minute_and_counted_beyond(
    client: FlaskClient, log_in: LogIn, parts: Parts
) -> None:
    refusals, noon = Refusals(parts.database), datetime.now(UTC)
    for number in range(MOST + 7):
        refusals.note("no_role", From(NOWHERE, noon + timedelta(seconds=number)), email=STRANGER)
    refusals.note("no_role", From(NOWHERE, noon + timedelta(seconds=60)), email=STRANGER)

    found = client.get("/api/audit-entries", headers=log_in(ADMIN)).get_json()
    refused = [one for one in found if one["action"] == "login.refused"]
    assert len(refused) == MOST + 1
    assert refused[0]["after"] == {"why": "no_role", "from": NOWHERE, "unlisted_before": 7}
    assert refused[1]["after"] == {"why": "no_role", "from": NOWHERE}
    assert {(one["by"], one["subject"]["id"]) for one in refused} == {(STRANGER, NOWHERE)}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (FAR, NOWHERE),
        ({"X-Forwarded-For": "203.0.113.9"}, NOWHERE),
        ({"X-Forwarded-For": "2001:db8::1"}, "2001:db8::1"),
        ({"X-Forwarded-For": "::ffff:203.0.113.9"}, NOWHERE),
        ({}, "127.0.0.1"),
        ({"X-Forwarded-For": "203.0.113.9, <b>me</b>"}, "unknown"),
    ],
)
def test_the_address_is_the_one_that_the_router_saw(
    client: FlaskClient, log_in: LogIn, headers: dict[str, str], expected: str
) -> None:
    stranger = log_in(STRANGER)
    assert client.get("/api/whoami", headers=stranger | headers).status_code == 403
    assert actions(client, log_in(ADMIN))[1] == ("login.refused", STRANGER, expected)
