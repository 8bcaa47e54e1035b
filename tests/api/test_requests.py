"""Every request has an id and leaves one line: who, what, how long; no body, query or secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from listener.config import Settings
from tests.api.conftest import ADMIN

GIVEN = "8f5f2d1c-0d4a-4f6e-a1b2-000000000000"
As = Callable[[str], dict[str, str]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A listener that has an address."""
    return replace(settings, public_url="https://autopromote.example.com")


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    """What is logged."""
    with capture_logs() as entries:
        yield entries


def test_one_line_tells_who_asked_what_and_how_it_ended(
    client: FlaskClient, as_: As, lines: list[Any]
) -> None:
    answer = client.get("/api/whoami?app=hush-hush", headers=as_(ADMIN))

    [line] = lines
    assert isinstance(line.pop("ms"), int)
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "path": "/api/whoami",
        "status": 200,
        "request_id": answer.headers["Request-Id"],
        "user": ADMIN,
        "bytes": len(answer.data),
    }


def test_nothing_that_was_sent_is_in_it(client: FlaskClient, lines: list[Any]) -> None:
    client.post("/api/tokens", data=b'{"heroku_token": "hush-hush", "x": 1}')
    client.post(
        "/webhooks/heroku", data=b"hush-hush", headers={"Heroku-Webhook-Hmac-SHA256": "hush-hush"}
    )
    client.get("/nowhere?token=hush-hush", headers={"Authorization": "Bearer hush-hush"})

    assert [line["event"] for line in lines].count("request") == 3
    assert "hush-hush" not in str(lines)


def test_two_requests_have_two_ids(client: FlaskClient) -> None:
    ids = {client.get("/healthz").headers["Request-Id"] for _ in range(2)}
    assert len(ids) == 2


def test_the_router_s_id_is_kept(client: FlaskClient) -> None:
    answer = client.get("/healthz", headers={"X-Request-Id": GIVEN})
    assert answer.headers["Request-Id"] == GIVEN


@pytest.mark.parametrize("given", ["", "short", "a" * 201, f"{GIVEN} level=error", "ü" * 20])
def test_what_can_be_no_id_is_not(client: FlaskClient, given: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-Id": given})
    assert answer.headers["Request-Id"] != given


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/api/rules", "/openapi.json"])
def test_no_answer_is_kept_or_guessed_at(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


@pytest.mark.parametrize(
    ("path", "came_by", "status"),
    [
        ("/api/whoami", "https", 200),
        ("/api/whoami", "http", 403),
        ("/api/whoami", "https, http", 403),
        ("/api/whoami", "http, https", 200),
        ("/approvals/x", "http", 308),
        ("/", "http", 308),
        ("/figures", "http", 308),
        ("/sessions", "http", 308),
        ("/wall/x", "http", 308),
        ("/promotions/1", "http", 308),
        ("/deliveries?app=acme-prod&outcome=", "http", 308),
        ("/?find=a%26b%20c", "http", 308),
        ("/webhooks/heroku", "http", 403),
        ("/healthz", "http", 200),
    ],
)
def test_what_came_unencrypted_is_not_answered(
    client: FlaskClient, as_: As, path: str, came_by: str, status: int
) -> None:
    """Heroku's router tells how it came, behind whatever the client claims."""
    headers = {**as_(ADMIN), "X-Forwarded-Proto": came_by}
    answer = client.get(path, headers=headers)
    assert answer.status_code == status
    if status == 308:
        assert answer.headers["Location"] == f"https://autopromote.example.com{path}"


def test_browsers_are_told_to_come_encrypted(client: FlaskClient) -> None:
    assert "max-age=" in client.get("/healthz").headers["Strict-Transport-Security"]
