"""Errors: JSON with an id and a sentence, whatever went wrong, and nothing that should stay in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from listener.app import Parts
from tests.api.misbehaving import misbehaving


@pytest.fixture
def app(parts: Parts) -> Flask:
    """The app, with a few rooms that misbehave."""
    return misbehaving(parts)


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """What is logged."""
    with capture_logs() as entries:
        yield entries


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


def test_an_app_that_nothing_is_about_is_not_found(client: FlaskClient) -> None:
    answer = client.get("/nobody")
    assert (answer.status_code, answer.get_json()["id"]) == (404, "app_not_found")


def test_our_own_mistake_is_logged_and_told_by_its_number_alone(
    client: FlaskClient, logged: list[Any]
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
        ("SET TRANSACTION READ ONLY; DELETE FROM fact RETURNING 1", 503, "database_read_only"),
        ("SET ROLE pg_monitor; DELETE FROM fact RETURNING 1", 503, "database_read_only"),
        ("SELECT 1/0", 500, "internal_error"),
    ],
)
def test_troubles_of_the_database_are_told_from_mistakes(
    client: FlaskClient, sql: str, status: int, id: str
) -> None:
    answer = client.get("/query", query_string={"sql": sql})
    assert (answer.status_code, answer.get_json()["id"]) == (status, id)
