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


def bearer() -> Headers:
    """Somebody who has logged in."""
    token = KEYS.tokens.sign({"id": "x"}, until=datetime.now(UTC) + timedelta(hours=1)).text
    return {"AUTHORIZATION": [f"Bearer {token}"]}


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        ("POST", "/webhooks/heroku", SIGNED, Admission(Priority.FIRST, is_trusted=True)),
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
        ("GET", "/openapi.json", {}, Admission(Priority.LAST, body=8192)),
        ("GET", "/wp-login.php", {}, Admission(Priority.LAST, body=8192)),
    ],
)
def test_the_head_says_who_goes_first(
    method: str, path: str, headers: Headers, expected: Admission
) -> None:
    assert judge_for(KEYS, has_github=True)(method, path, headers) == expected


def test_without_a_secret_no_delivery_of_github_is_read() -> None:
    assert judge_for(KEYS)("POST", "/webhooks/github", AT_GITHUB) == UNREAD
