"""What a request carries: read within bounds, refused in words that help."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from listener.app import Parts
from tests.api.conftest import ADMIN
from tests.api.misbehaving import misbehaving

As = Callable[[str], dict[str, str]]


@pytest.fixture
def app(parts: Parts) -> Flask:
    """The app, with rooms that only answer what they were told."""
    return misbehaving(parts)


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 60_000, b'{"name": NaN}', b"name=ship"])
def test_what_is_no_json_is_said(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/orders", data=body)
    assert (answer.status_code, answer.get_json()["id"]) == (400, "bad_request")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[]", "The body must be a JSON object."),
        (b"7", "The body must be a JSON object."),
        (b"", "name is missing."),
        (b"{}", "name is missing."),
        (b'{"name": 7}', "name: write a text."),
        (b'{"name": "ship", "size": 0}', "size: write a number from 1 on."),
        (b'{"name": "ship", "Mode": "off"}', "Mode is unknown; the nearest known is mode."),
        (b'{"name": "ship", "mod": "off"}', "mod is unknown; the nearest known is mode."),
        (b'{"size": 0}', "name is missing. size: write a number from 1 on."),
        (b'{"name": "a\\u0000b"}', "A text must not hold the character NUL."),
        (b'{"name": {"a": ["\\u0000"]}}', "A text must not hold the character NUL."),
    ],
)
def test_what_is_wrong_with_a_body_is_named(client: FlaskClient, body: bytes, message: str) -> None:
    answer = client.post("/orders", data=body)
    assert (answer.status_code, answer.get_json()) == (
        422,
        {"id": "invalid_params", "message": message},
    )


def test_a_request_that_needs_no_words_takes_none(client: FlaskClient) -> None:
    assert client.post("/actions").text == "done"
    answer = client.post("/actions", json={"now": True})
    assert answer.get_json()["message"] == "now is unknown: nothing is to be said here."


def test_a_body_is_read_whatever_it_calls_itself(client: FlaskClient) -> None:
    answer = client.post("/orders", data=b'{"name": "ship"}', content_type="text/plain")
    assert answer.get_json() == {"name": "ship", "mode": "armed", "size": 1}


def test_half_a_surrogate_is_no_text(client: FlaskClient) -> None:
    answer = client.post("/orders", data=b'{"name": "\\ud800"}')
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize("path", ["/api/rules/a%00b", "/api/rules?app=%00", "/api/rules?%00=a"])
def test_no_address_holds_nul(client: FlaskClient, as_: As, path: str) -> None:
    answer = client.get(path, headers=as_(ADMIN))
    assert (answer.status_code, answer.get_json()["id"]) == (422, "invalid_params")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", {"limit": 100, "app": None, "all": False}),
        ("?limit=1&app=shop&all=true", {"limit": 1, "app": "shop", "all": True}),
        ("?limit=1000&app=&all=0", {"limit": 1000, "app": None, "all": False}),
    ],
)
def test_what_stands_behind_the_question_mark(
    client: FlaskClient, query: str, said: dict[str, object]
) -> None:
    assert client.get(f"/list{query}").get_json() == said


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=-1", "limit=ten", "limit=٣", "all=yes"]
)
def test_what_cannot_be_meant_there_is_refused(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/list?{query}")
    assert (answer.status_code, answer.get_json()["id"]) == (422, "invalid_params")


@pytest.mark.parametrize(
    ("path", "most", "told"),
    [
        ("/echo", 64 * 1024, "64 KiB"),
        ("/orders", 64 * 1024, "64 KiB"),
        ("/api/tokens", 8 * 1024, "8 KiB"),
        ("/api/rules/actions/plan", 1024 * 1024, "1 MiB"),
    ],
)
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_is_as_large_as_its_route_takes(
    client: FlaskClient, as_: As, path: str, most: int, told: str, is_chunked: bool
) -> None:
    def post(size: int) -> TestResponse:
        body = b"{}" + b" " * (size - 2)
        ended = {"wsgi.input_terminated": True}
        sent: dict[str, Any] = {"input_stream": io.BytesIO(body), "environ_overrides": ended}
        return client.post(path, headers=as_(ADMIN), **(sent if is_chunked else {"data": body}))

    assert post(most).status_code != 413
    answer = post(most + 1)
    assert answer.status_code == 413
    assert answer.get_json() == {"id": "too_large", "message": f"The body is larger than {told}."}


def test_no_more_faults_are_told_than_somebody_reads(client: FlaskClient) -> None:
    """Of each of 65,000 unknown words the nearest known was told: 6.7 MB for 1 MiB."""
    body = {"name": "ship", **{f"nam{number}": 1 for number in range(500)}}
    answer = client.post("/orders", json=body)
    message = answer.get_json()["message"]
    assert answer.status_code == 422
    assert message.count("the nearest known is name.") == 3
    assert message.count("is unknown") == 10
    assert message.endswith(" And 490 more.")
    assert len(message) < 1500


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": [' + b"1," * 30_000 + b"1]}",
        b"{" + b",".join(b'"%d":1' % number for number in range(5_000)) + b"}",
        b'{"name": [' + b"[[]]," * 2_000 + b"[]]}",
    ],
)
def test_more_parts_than_anybody_says_are_not_judged(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/orders", data=body)
    assert answer.status_code == 422
    assert answer.get_json()["message"] == "The body has more than 2,048 parts."


def test_a_number_has_so_many_digits_at_most(client: FlaskClient) -> None:
    answer = client.post("/orders", data=b'{"size": ' + b"9" * 60_000 + b"}")
    assert answer.status_code == 400
    assert len(answer.get_json()["message"]) < 200
