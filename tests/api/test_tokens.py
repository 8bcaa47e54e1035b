"""Tokens: Heroku says who somebody is, the settings say what they may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from listener import VERSION
from listener.app import Parts, assemble, build
from listener.config import Settings
from listener.roles import Roles
from listener.services.login_limits import LATELY
from tests.api.conftest import ADMIN, APPROVER, STRANGER, VIEWER
from tests.logins import desk_of
from tests.outbound.peer import Conversation, Peer, Script, answer, cutting, giving

TOKEN = "HRKU-0123-of-somebody"
As = Callable[[str], dict[str, str]]


def is_(email: str) -> Script:
    """A Heroku that says who brings the token."""
    return giving(answer(200, {"id": "1", "email": email}))


@contextmanager
def before(script: Script, settings: Settings) -> Iterator[tuple[FlaskClient, Peer]]:
    """The API before a Heroku that follows a script."""
    with Peer(script).listening() as heroku:
        parts = assemble(replace(settings, heroku_api_url=heroku.url))
        with closing(parts):
            yield build(parts).test_client(), heroku


def log_in(client: FlaskClient, token: str = TOKEN, *, address: str = "192.0.2.1") -> TestResponse:
    """Ask for a token of ours, from an address as Heroku's router tells it."""
    headers = {"X-Forwarded-For": f"203.0.113.9, {address}"}
    return client.post("/api/tokens", json={"heroku_token": token}, headers=headers)


@pytest.mark.parametrize(
    ("email", "role"),
    [(ADMIN, "admin"), (APPROVER, "approver"), (VIEWER, "viewer"), (ADMIN.upper(), "admin")],
)
def test_somebody_with_a_role_gets_a_token(settings: Settings, email: str, role: str) -> None:
    with before(is_(email), settings) as (client, heroku):
        answered = log_in(client)
        said = answered.get_json()

        assert answered.status_code == 201
        assert {"email": email, "role": role}.items() <= said.items()
        [asked] = heroku.requests
        assert (asked.method, asked.path) == ("GET", "/account")
        assert asked.headers["authorization"] == f"Bearer {TOKEN}"
        headers = {"Authorization": f"Bearer {said['token']}"}
        assert client.get("/api/whoami", headers=headers).get_json()["email"] == email


def test_a_token_says_when_it_ends(settings: Settings) -> None:
    begun = datetime.now(UTC)
    with before(is_(ADMIN), settings) as (client, _):
        ends = datetime.fromisoformat(log_in(client).get_json()["expires_at"])
    assert timedelta(hours=11, minutes=59) < ends - begun < timedelta(hours=12, minutes=1)


def test_somebody_without_a_role_gets_none(settings: Settings) -> None:
    with before(is_(STRANGER), settings) as (client, _):
        answered = log_in(client)
    assert (answered.status_code, answered.get_json()["id"]) == (403, "no_role")
    assert STRANGER in answered.get_json()["message"]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_token_that_heroku_refuses_is_refused(settings: Settings, status: int) -> None:
    refusal = answer(status, {"id": "unauthorized", "message": "Invalid credentials provided."})
    with before(giving(refusal), settings) as (client, _):
        answered = log_in(client)
    assert (answered.status_code, answered.get_json()["id"]) == (401, "heroku_token_refused")
    assert "Invalid credentials provided." in answered.get_json()["message"]


@pytest.mark.parametrize(
    "script",
    [
        giving(answer(500, {})),
        giving(answer(429, {"id": "rate_limit", "message": "Later."})),
        giving(answer(200, b"no JSON")),
        giving(answer(200, {"id": "1"})),
        cutting(b""),
    ],
)
def test_a_heroku_that_cannot_tell_is_a_reason_to_try_again(
    settings: Settings, script: Script
) -> None:
    with before(script, settings) as (client, _):
        answered = log_in(client)
    assert (answered.status_code, answered.get_json()["id"]) == (503, "heroku_unavailable")


def test_two_at_a_time_and_a_third_waits(settings: Settings) -> None:
    both, go = Barrier(3), Event()

    def slowly(talk: Conversation) -> None:
        talk.hear()
        if not go.is_set():
            both.wait(60)
            go.wait(60)
        talk.say(answer(200, {"id": "1", "email": ADMIN}))

    with before(slowly, settings) as (client, heroku), ThreadPoolExecutor() as threads:
        asked = [
            threads.submit(log_in, client.application.test_client(), address=f"192.0.2.{number}")
            for number in range(2)
        ]
        both.wait(60)
        third = threads.submit(log_in, client.application.test_client(), address="192.0.2.9")
        assert len(heroku.requests) == 2
        go.set()
        statuses = [each.result().status_code for each in (*asked, third)]

    assert statuses == [201] * 3
    assert len(heroku.requests) == 3


def test_strangers_keep_nobody_out_at_an_address_from_which_somebody_came_lately(
    settings: Settings,
) -> None:
    both, go = Barrier(3), Event()

    def slowly_for_strangers(talk: Conversation) -> None:
        asked = talk.hear()
        if asked is not None and asked.headers["authorization"] != f"Bearer {TOKEN}":
            both.wait(60)
            go.wait(60)
        talk.say(answer(200, {"id": "1", "email": ADMIN}))

    with before(is_(ADMIN), settings) as (client, _):
        assert log_in(client, address="2001:db8::1").status_code == 201
    with (  # another process, which has only the database of the one before
        before(slowly_for_strangers, settings) as (client, _),
        ThreadPoolExecutor() as threads,
    ):
        asked = [
            threads.submit(log_in, client.application.test_client(), f"bad-{number}", address=each)
            for number, each in enumerate(("192.0.2.1", "192.0.2.2"))
        ]
        both.wait(60)
        known = log_in(client.application.test_client(), address="2001:db8::ffff:2")
        assert not go.is_set()
        go.set()
        assert [each.result().status_code for each in asked] == [201] * 2
    assert known.status_code == 201


def test_from_where_people_came_lately_is_told_and_nothing_of_machines(
    settings: Settings, parts: Parts
) -> None:
    desk = desk_of(parts.database, parts.keys)
    with before(is_(ADMIN), settings) as (client, _):
        made = [log_in(client, address=f"192.0.2.{number}") for number in (1, 2, 3, 1)]
        token = made[0].get_json()["token"]
        headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": "192.0.2.9"}
        body = {"name": "ci", "role": "viewer"}
        assert client.post("/api/machine-tokens", json=body, headers=headers).status_code == 201
    with parts.database.begin() as conn:
        then = "UPDATE access_token SET created_at = now() - interval '14 days'"
        conn.execute(text(f"{then} WHERE made_from = '192.0.2.3'"))
    assert desk.addresses(within=LATELY, most=9) == ["192.0.2.1", "192.0.2.2"]
    assert desk.addresses(within=LATELY, most=1) == ["192.0.2.1"]


def test_what_heroku_refused_is_not_asked_again_within_the_minute(settings: Settings) -> None:
    refusal = answer(401, {"id": "unauthorized", "message": "Invalid credentials provided."})
    with before(giving(refusal), settings) as (client, heroku):
        answers = [log_in(client, address=f"192.0.2.{number}") for number in range(20)]
        assert len(heroku.requests) == 1
    assert {each.status_code for each in answers} == {401}
    assert len({each.text for each in answers}) == 1


def test_an_address_that_fails_often_has_to_wait_and_others_do_not(settings: Settings) -> None:
    def unless_good(talk: Conversation) -> None:
        while asked := talk.hear():
            is_good = asked.headers["authorization"] == f"Bearer {TOKEN}"
            refusal = {"id": "unauthorized", "message": "Invalid credentials provided."}
            talk.say(answer(200, {"id": "1", "email": ADMIN}) if is_good else answer(401, refusal))

    with before(unless_good, settings) as (client, heroku):
        answers = [log_in(client, f"bad-{number}", address="192.0.2.1") for number in range(40)]
        good = log_in(client, address="192.0.2.2")
        same = log_in(client, address="192.0.2.1")
        counted = len(heroku.requests)
    assert [each.status_code for each in answers] == [401] * 10 + [429] * 30
    assert answers[-1].get_json()["id"] == "busy"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 6
    assert good.status_code == 201
    assert same.status_code == 429
    assert counted == 11


def test_good_logins_of_one_address_are_as_many_as_one_likes(settings: Settings) -> None:
    with before(is_(ADMIN), settings) as (client, _):
        assert {log_in(client, address="192.0.2.1").status_code for _ in range(25)} == {201}


def test_a_place_is_free_again_after_a_failure(settings: Settings) -> None:
    with before(giving(answer(500, {})), settings) as (client, _):
        assert [log_in(client).status_code for _ in range(4)] == [503] * 4


@pytest.mark.parametrize("body", [{}, {"heroku_token": ""}, {"heroku_token": 7}, {"token": "x"}])
def test_a_body_that_is_none_is_refused(client: FlaskClient, body: object) -> None:
    answered = client.post("/api/tokens", json=body)
    assert (answered.status_code, answered.get_json()["id"]) == (422, "invalid_params")


@pytest.mark.parametrize("token", ["two words", "umlaut-ü", "line\nbreak"])
def test_what_can_be_no_token_never_reaches_heroku(settings: Settings, token: str) -> None:
    with before(is_(ADMIN), settings) as (client, heroku):
        answered = log_in(client, token)
        assert heroku.requests == []
    assert (answered.status_code, answered.get_json()["id"]) == (422, "invalid_params")
    assert token not in answered.text


def test_whoami_tells_of_the_caller_and_the_listener(client: FlaskClient, as_: As) -> None:
    said = client.get("/api/whoami", headers=as_(APPROVER)).get_json()
    ends = said.pop("token_expires_at")
    assert ends.endswith("Z")
    assert said == {
        "email": APPROVER,
        "role": "approver",
        "roles": [{"role": "approver", "apps": None}],
        "version": VERSION,
        "url": "http://localhost",
    }


def test_the_public_url_is_told_where_it_is_known(parts: Parts, as_: As) -> None:
    context = replace(parts.context, public_url="https://promote.acme.com")
    client = build(replace(parts, context=context)).test_client()
    assert client.get("/api/whoami", headers=as_(ADMIN)).get_json()["url"] == (
        "https://promote.acme.com"
    )


def test_whoami_tells_to_which_apps_a_role_is_bound(parts: Parts, as_: As) -> None:
    bound = (f"{APPROVER}=pay-*+shop-a",)
    changed = replace(parts, roles=Roles(admins=bound, viewers=("*@example.com",)))

    said = build(changed).test_client().get("/api/whoami", headers=as_(APPROVER)).get_json()

    assert (said["role"], said["roles"]) == (
        "admin",
        [{"role": "admin", "apps": ["pay-*", "shop-a"]}, {"role": "viewer", "apps": None}],
    )
