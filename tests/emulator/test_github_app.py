"""A GitHub App at the fake GitHub: its JWT, its installation, and tokens that end."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as elliptic
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from emulator.clock import ManualClock
from emulator.world import World
from tests.emulator.callers import NOON
from tests.emulator.hub import NAME, Hub, standing_hub

APP = 4711
KEY, OTHER_KEY = (generate_private_key(65537, 2048) for _ in range(2))
NOW = int(NOON.timestamp())


def pem(key: Any) -> str:
    """The public half of a key."""
    told: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return told.decode()


def jwt(key: RSAPrivateKey = KEY, alg: str = "RS256", **claims: Any) -> str:
    """What an app sends."""
    told = {"iss": str(APP), "iat": NOW - 60, "exp": NOW + 540} | claims
    parts = [json.dumps(each).encode() for each in ({"alg": alg, "typ": "JWT"}, told)]
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    signature = base64.urlsafe_b64encode(key.sign(signed, PKCS1v15(), SHA256())).rstrip(b"=")
    return f"{signed.decode()}.{signature.decode()}"


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A GitHub whose time stands still, and an app that is installed for its repository."""
    with standing_hub(World(clock=ManualClock(NOON))) as made:
        made.push("One")
        body = {"id": APP, "public_key": pem(KEY), "repositories": [NAME]}
        made.control("app", method="PUT", **body)
        yield made


def bearer(token: str) -> dict[str, str]:
    """The header with a token."""
    return {"Authorization": f"Bearer {token}"}


def granted(hub: Hub, body: Any = None) -> Any:
    """What a request for a token of the installation answers."""
    found = hub.ask("GET", f"/repos/{NAME}/installation", **bearer(jwt())).json()
    path = f"/app/installations/{found['id']}/access_tokens"
    return hub.ask("POST", path, body, **bearer(jwt()))


def test_the_app_says_who_it_is(hub: Hub) -> None:
    told = hub.ask("GET", "/app", **bearer(jwt(iss=APP))).json()

    assert (told["id"], told["slug"]) == (APP, "autopromote")


def test_an_installation_gives_tokens_for_its_repositories(hub: Hub) -> None:
    made = granted(hub)
    token = made.json()["token"]

    assert (made.status_code, made.json()["expires_at"]) == (201, "2026-03-02T13:00:00Z")
    path = f"/repos/{NAME}/commits/main/check-runs"
    assert hub.ask("GET", path, **bearer(token)).json()["total_count"] == 0
    deployment = hub.ask("POST", f"/repos/{NAME}/deployments", {"ref": "main"}, **bearer(token))
    assert deployment.json()["creator"]["login"] == "autopromote[bot]"
    refused = hub.ask("GET", "/user", **bearer(token))
    assert (refused.status_code, refused.json()["message"]) == (
        403,
        "Resource not accessible by integration",
    )


def test_a_token_of_an_installation_ends(hub: Hub) -> None:
    token = granted(hub).json()["token"]
    hub.world.advance(timedelta(minutes=59))
    assert hub.ask("GET", f"/repos/{NAME}", **bearer(token)).status_code == 200

    hub.world.advance(timedelta(minutes=1))

    assert hub.ask("GET", f"/repos/{NAME}", **bearer(token)).status_code == 401


def test_a_token_may_be_for_less(hub: Hub) -> None:
    token = granted(hub, {"permissions": {"contents": "read", "metadata": "read"}}).json()["token"]

    assert hub.ask("GET", f"/repos/{NAME}/commits/main", **bearer(token)).status_code == 200
    refused = hub.ask("POST", f"/repos/{NAME}/statuses/main", {}, **bearer(token))
    assert (refused.status_code, refused.json()["message"]) == (
        403,
        "Resource not accessible by integration",
    )


@pytest.mark.parametrize(
    "body", [{"repositories": ["other"]}, {"permissions": {"contents": "write"}}]
)
def test_a_token_cannot_be_for_more(hub: Hub, body: Any) -> None:
    assert granted(hub, body).status_code == 422


@pytest.mark.parametrize(
    ("token", "status", "words"),
    [
        (jwt(OTHER_KEY), 401, "A JSON web token could not be decoded"),
        (jwt(alg="HS256"), 401, "A JSON web token could not be decoded"),
        ("github_pat_robot", 401, "A JSON web token could not be decoded"),
        ("a.b.c", 401, "A JSON web token could not be decoded"),
        (f"{jwt()}x.x", 401, "A JSON web token could not be decoded"),
        (jwt(iss="1"), 404, "Integration not found"),
        (jwt(exp=NOW), 401, "'Expiration time' claim ('exp') must be"),
        (jwt(exp=None), 401, "'Expiration time' claim ('exp') must be"),
        (jwt(exp=NOW + 601), 401, "'Expiration time' claim ('exp') is too far in the future"),
        (jwt(iat=NOW + 1), 401, "'Issued at' claim ('iat') must be"),
    ],
)
def test_a_wrong_jwt_is_refused(hub: Hub, token: str, status: int, words: str) -> None:
    answer = hub.ask("GET", "/app", **bearer(token))

    assert answer.status_code == status
    assert answer.json()["message"].startswith(words)


def test_the_app_is_not_everywhere(hub: Hub) -> None:
    hub.heroku("repositories", {"full_name": "acme/other", "commits": []})

    for path in ("/repos/acme/other/installation", "/repos/acme/none/installation"):
        assert hub.ask("GET", path, **bearer(jwt())).status_code == 404
    path = "/app/installations/1/access_tokens"
    assert hub.ask("POST", path, **bearer(jwt())).status_code == 404


def test_a_jwt_is_no_token(hub: Hub) -> None:
    assert hub.ask("GET", f"/repos/{NAME}", **bearer(jwt())).status_code == 401


@pytest.mark.parametrize("key", ["no key", pem(elliptic(SECP256R1()))])
def test_only_an_rsa_key_can_be_registered(hub: Hub, key: str) -> None:
    body = {"id": APP, "public_key": key, "repositories": []}

    answer = hub.ask("PUT", f"{hub.url}/_emulator/github/app", body)

    assert answer.status_code == 422
