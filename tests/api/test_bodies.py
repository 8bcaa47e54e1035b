"""What a request carries: read within bounds, refused in words that help."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from listener.app import Parts
from tests.api.conftest import ADMIN
from tests.api.misbehaving import misbehaving

As = Callable[[str], dict[str, str]]


@pytest.fixture
def database_url() -> str:
    """Nothing here asks a database."""
    return "postgres://ana:pw@127.0.0.1:9/acme"


@pytest.fixture
def app(parts: Parts) -> Flask:
    """The app, with rooms that only answer what they were told."""
    return misbehaving(parts)


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'{"name": NaN}', b"name=ship"])
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
        (b'{"name": 7}', "name: Input should be a valid string."),
        (b'{"name": "ship", "size": 0}', "size: Input should be greater than or equal to 1."),
        (b'{"name": "ship", "Mode": "off"}', "Mode is unknown; the nearest known is mode."),
        (b'{"name": "ship", "mod": "off"}', "mod is unknown; the nearest known is mode."),
        (b'{"size": 0}', "name is missing. size: Input should be greater than or equal to 1."),
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


def test_a_body_that_is_too_large_is_refused_for_every_room(client: FlaskClient) -> None:
    answer = client.post("/echo", data=b" " * (1024 * 1024 + 1))
    assert (answer.status_code, answer.get_json()) == (
        413,
        {"id": "too_large", "message": "The body is larger than 1 MiB."},
    )


def test_much_too_large_a_body_is_not_even_discarded(client: FlaskClient) -> None:
    body = io.BytesIO(b" " * 12 * 1024 * 1024)
    answer = client.post(
        "/echo", input_stream=body, environ_overrides={"wsgi.input_terminated": True}
    )
    assert answer.status_code == 413
    assert body.tell() < 10 * 1024 * 1024


def test_whoever_takes_too_long_to_send_is_hung_up_on(app: Flask, client: FlaskClient) -> None:
    app.config["BODY_SECONDS"] = 0.05
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rb") as stream:
        theirs.sendall(b"half of")
        environ = {
            "gunicorn.socket": ours,
            "wsgi.input": stream,
            "wsgi.input_terminated": True,
        }
        answer = client.post("/echo", environ_overrides=environ)
    assert answer.data == b"half of"


def test_whoever_is_in_time_is_not(app: Flask, client: FlaskClient) -> None:
    app.config["BODY_SECONDS"] = 60.0
    ours, theirs = socket.socketpair()
    with ours, theirs:
        environ = {"gunicorn.socket": ours}
        assert client.post("/echo", data=b"all", environ_overrides=environ).data == b"all"
        theirs.sendall(b"more")
        assert ours.recv(4) == b"more"
