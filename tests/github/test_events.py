"""Webhooks of GitHub's: signed over their bytes, and read for the commit that they are about."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.github import BadSignature, Event, MalformedEvent, parse, sign, verify
from tests.github import samples

SECRET = "It's a Secret to Everybody"
SHA = samples.sha(4)
REPOSITORY = {"repository": {"id": 1, "full_name": "acme/shop", "private": True}}


def event(kind: str, told: object) -> Event | None:
    """What a delivery is about."""
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    return parse(kind, verify(body, sign(body, SECRET), SECRET))


def test_signs_as_githubs_documentation_has_it() -> None:
    signed = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert sign(b"Hello, World!", SECRET) == signed
    assert verify(b"Hello, World!", signed, SECRET).content == b"Hello, World!"


@given(st.binary(), st.binary(), st.text(min_size=1).filter(str.isprintable))
def test_what_is_signed_verifies_and_a_changed_body_does_not(
    body: bytes, other: bytes, secret: str
) -> None:
    assert verify(body, sign(body, secret), secret).content == body
    if other != body:
        with pytest.raises(BadSignature):
            verify(other, sign(body, secret), secret)


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        sign(b"{}", "another secret"),
        sign(b"{}", SECRET).removeprefix("sha256="),
        sign(b"{}", SECRET).upper(),
        sign(b"{}", SECRET) + " ",
        sign(b"{}", SECRET).replace("sha256", "sha1"),
        "ü\ud800",
    ],
)
def test_no_other_signature_will_do(signature: str) -> None:
    with pytest.raises(BadSignature):
        verify(b"{}", signature, SECRET)


def test_an_empty_secret_signs_nothing() -> None:
    with pytest.raises(BadSignature):
        verify(b"{}", sign(b"{}", ""), "")


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("check_run", {"action": "completed", "check_run": {"id": 1, "head_sha": SHA}}),
        ("check_suite", {"action": "completed", "check_suite": {"head_sha": SHA}}),
        ("workflow_run", {"action": "completed", "workflow_run": {"head_sha": SHA}}),
        ("status", {"sha": SHA, "state": "success", "context": "ci"}),
    ],
)
def test_tells_which_commit_it_is_about(kind: str, told: dict[str, Any]) -> None:
    expected = Event(kind, "acme/shop", SHA)
    assert event(kind, told | REPOSITORY) == expected
    form = urlencode({"payload": json.dumps(told | REPOSITORY)}).encode()
    assert event(kind, form) == expected


def test_a_ping_is_about_no_commit() -> None:
    assert event("ping", {"zen": "Design for failure.", "hook_id": 1}) == Event("ping", None)
    assert event("ping", REPOSITORY) == Event("ping", "acme/shop")


@pytest.mark.parametrize("kind", ["push", "", "pull_request", "check_run2", "repository"])
def test_anything_else_is_none_of_ours_and_not_even_read(kind: str) -> None:
    assert event(kind, b"\xff") is None


@pytest.mark.parametrize(
    ("kind", "told", "reason"),
    [
        ("status", b"\xff", "it is not JSON"),
        ("status", b"[]", "it is not an object"),
        ("status", b"payload=%FF", "it is not JSON"),
        ("status", b"payload", "it is not JSON"),
        ("status", b"payload=", "it is not a form"),
        ("status", b"payload=1&b=2&c=3", "it is not a form"),
        ("status", REPOSITORY, "sha is missing"),
        ("status", {"sha": "main", **REPOSITORY}, "sha is not a SHA"),
        ("status", {"sha": SHA}, "repository is not an object"),
        ("status", {"sha": SHA, "repository": {"full_name": "../x"}}, "full_name is not a repos"),
        ("check_run", {"check_run": [], **REPOSITORY}, "check_run is not an object"),
        ("check_run", {"check_run": {}, **REPOSITORY}, "check_run.head_sha is missing"),
        ("ping", {"repository": 1}, "repository is not an object"),
    ],
)
def test_what_does_not_say_enough_is_malformed(kind: str, told: object, reason: str) -> None:
    with pytest.raises(MalformedEvent, match=reason):
        event(kind, told)
