"""Errors: JSON with an id and a sentence, whatever went wrong, and nothing that should stay in."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from pydantic import Field
from sqlalchemy import text
from structlog.testing import capture_logs

from listener.app import Parts, build
from listener.web import queries
from listener.web.bodies import Body, content, takes
from tests.web.conftest import ADMIN

As = Callable[[str], dict[str, str]]


class Order(Body):
    """A body to try."""

    name: str
    mode: str = "armed"
    size: int = Field(default=1, ge=1)


@pytest.fixture
def app(parts: Parts) -> Flask:
    """The app, with a few rooms that misbehave."""
    made = build(parts)

    @made.post("/orders")
    @takes(Order)
    def order(body: Order) -> dict[str, object]:
        return body.model_dump()

    @made.get("/broken")
    def broken() -> str:
        secret = "hush-hush"
        raise RuntimeError(len(secret))

    @made.get("/query")
    def query() -> str:
        with parts.database.begin() as conn:
            return str(conn.execute(text(request.args["sql"])).scalar_one())

    @made.get("/list")
    def list_() -> dict[str, object]:
        return {"limit": queries.limit(), "app": queries.text("app"), "all": queries.flag("all")}

    @made.post("/echo")
    def echo() -> bytes:
        return content()

    return made


@pytest.fixture
def logged() -> Iterator[list[dict[str, object]]]:
    """What is logged."""
    with capture_logs() as entries:
        yield entries  # type: ignore[misc]


def test_an_unknown_address_is_said_in_json(client: FlaskClient) -> None:
    answer = client.get("/nowhere")
    assert (answer.status_code, answer.get_json()) == (
        404,
        {"id": "not_found", "message": "There is nothing at this address."},
    )


def test_a_wrong_method_names_the_right_ones(client: FlaskClient) -> None:
    answer = client.delete("/healthz")
    assert (answer.status_code, answer.get_json()["id"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


def test_a_redirect_stays_one(client: FlaskClient) -> None:
    answer = client.get("/api//rules")
    assert (answer.status_code, answer.headers["Location"]) == (308, "http://localhost/api/rules")


def test_our_own_mistake_is_logged_and_told_by_its_number_alone(
    client: FlaskClient, logged: list[dict[str, object]]
) -> None:
    answer = client.get("/broken")

    number = answer.headers["Request-Id"]
    assert (answer.status_code, answer.get_json()) == (
        500,
        {
            "id": "internal_error",
            "message": f"Something is broken here. The log tells more about request {number}.",
        },
    )
    [entry] = [entry for entry in logged if entry["event"] == "request_broken"]
    assert entry["request_id"] == number
    assert isinstance(entry["exc_info"], RuntimeError)


@pytest.mark.parametrize(
    ("sql", "status", "id"),
    [
        ("SELECT 1 FROM nowhere", 503, "not_migrated"),
        ("SELECT nothing FROM rule", 503, "not_migrated"),
        ("SELECT pg_terminate_backend(pg_backend_pid())", 503, "database_unavailable"),
        ("SELECT 1/0", 500, "internal_error"),
    ],
)
def test_troubles_of_the_database_are_told_from_mistakes(
    client: FlaskClient, sql: str, status: int, id: str
) -> None:
    answer = client.get("/query", query_string={"sql": sql})
    assert (answer.status_code, answer.get_json()["id"]) == (status, id)


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
