"""What the head of a request alone says of it: a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from listener.api.early import judge_for
from listener.crypto import Keys
from listener.web.limits import Admission, Headers, Priority

KEYS = Keys(["k" * 32])
SIGNED = {"HEROKU-WEBHOOK-HMAC-SHA256": ["A" * 43 + "="]}
AT_GITHUB = {"X-HUB-SIGNATURE-256": [f"sha256={'a' * 64}"]}
UNREAD = Admission(Priority.LAST, reads_body=False)
FROM_HEROKU = Admission(Priority.FIRST, is_trusted=True, is_fast=True)
STRANGER, PERSON = (Admission(each, body=8192) for each in (Priority.LAST, Priority.REST))
# The same in each process of a run, for a path names its test.
WALL = f"/wall/{KEYS.walls.sign({'wall': 'x'}, until=datetime(2100, 1, 1, tzinfo=UTC)).text}"


def bearer() -> Headers:
    """Somebody who has logged in."""
    token = KEYS.tokens.sign({"id": "x"}, until=datetime.now(UTC) + timedelta(hours=1)).text
    return {"AUTHORIZATION": [f"Bearer {token}"]}


ANA = "ana@example.com"


def bearing(cookie: str) -> Headers:
    """Bring the session of a browser as if it were a token."""
    return {"AUTHORIZATION": [f"Bearer {cookie.partition('=')[2]}"]}


def session(*, hours: int = 1, **said: str) -> str:
    """What a browser keeps for somebody who has logged in."""
    until = datetime.now(UTC) + timedelta(hours=hours)
    return f"autopromote_browser={KEYS.sessions.sign(said or {'id': 'x'}, until=until).text}"


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        ("POST", "/webhooks/heroku", SIGNED, FROM_HEROKU),
        ("POST", "/webhooks/heroku", {}, UNREAD),
        ("POST", "/webhooks/heroku", {next(iter(SIGNED)): ["A" * 44]}, UNREAD),
        ("POST", "/webhooks/heroku", {next(iter(SIGNED)): ["A" * 43 + "="] * 2}, UNREAD),
        ("POST", "/webhooks/github", AT_GITHUB, Admission(Priority.REST)),
        ("POST", "/webhooks/github", SIGNED, UNREAD),
        ("POST", "/webhooks/github", {next(iter(AT_GITHUB)): ["sha256=a"]}, UNREAD),
        ("POST", "/webhooks/github", {next(iter(AT_GITHUB)): [f"sha256={'a' * 64}"] * 2}, UNREAD),
        ("GET", "/readyz", {}, Admission(Priority.QUICK, body=8192)),
        ("POST", "/api/promotions", bearer(), Admission(Priority.REST)),
        ("POST", "/api/promotions", {}, UNREAD),
        ("POST", "/api/promotions", {"AUTHORIZATION": ["Bearer x"]}, UNREAD),
        ("POST", "/api/tokens", {}, Admission(Priority.REST, body=8192)),
        ("GET", "/openapi.json", {}, STRANGER),
        ("GET", "/wp-login.php", {}, STRANGER),
        ("GET", WALL, {}, STRANGER),
        ("GET", "/", {}, STRANGER),
        ("GET", "/", {"COOKIE": [session()]}, PERSON),
        ("POST", "/doctor", {"COOKIE": [f"a=b; {session()}; c=d"]}, PERSON),
        ("POST", "/doctor", {"COOKIE": [session()] * 2}, STRANGER),
        ("POST", "/doctor", bearer(), STRANGER),
        ("POST", "/doctor", {"COOKIE": [session(hours=-1)]}, STRANGER),
        ("POST", "/doctor", {"COOKIE": [session(email=ANA)]}, STRANGER),
        ("POST", "/doctor", {"COOKIE": [session()[:-1]]}, STRANGER),
        ("POST", "/doctor", {"COOKIE": [f"x{session()}"]}, STRANGER),
        ("POST", "/doctor", {"COOKIE": ["autopromote_browser="]}, STRANGER),
        ("POST", "/doctor", {"COOKIE": ["autopromote_browser=\udcff\0.é.x"]}, STRANGER),
        ("POST", "/doctor", {"COOKIE": [f"autopromote_browser={'.' * 60_000}"]}, STRANGER),
        ("POST", "/api/promotions", {"COOKIE": [session()]}, UNREAD),
        ("POST", "/api/promotions", bearing(session()), UNREAD),
    ],
)
def test_the_head_says_who_goes_first(
    method: str, path: str, headers: Headers, expected: Admission
) -> None:
    assert judge_for(KEYS, has_github=True)(method, path, headers) == expected


def test_without_a_secret_no_delivery_of_github_is_read() -> None:
    assert judge_for(KEYS)("POST", "/webhooks/github", AT_GITHUB) == UNREAD
