"""What went wrong, as a page: whatever a browser asks for, and nothing that should stay in."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from listener.app import Parts
from tests.api.misbehaving import misbehaving

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
TO_THE_LANES = 'href="/">To the lanes'


@pytest.fixture
def app(parts: Parts) -> Flask:
    """The app, with a few pages that misbehave."""
    return misbehaving(parts)


@pytest.mark.parametrize("path", ["/nowhere", "/api/nowhere", "/promotions", "/login"])
def test_a_browser_is_shown_a_page_where_there_is_nothing(client: FlaskClient, path: str) -> None:
    page = client.get(path, headers=BROWSER)

    assert (page.status_code, page.mimetype) == (405 if path == "/login" else 404, "text/html")
    assert TO_THE_LANES in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert page.headers["Request-Id"] in page.text
    assert client.get(path).mimetype == "application/json"


def test_a_program_is_told_in_json_what_is_wrong_at_the_api(client: FlaskClient) -> None:
    answer = client.get("/api/whoami", headers=BROWSER)
    assert (answer.status_code, answer.mimetype) == (401, "application/json")


def test_our_own_mistake_is_a_page_without_a_trace(client: FlaskClient) -> None:
    page = client.get("/pages/broken", headers=BROWSER)

    assert (page.status_code, page.mimetype) == (500, "text/html")
    assert "Something is broken here" in page.text
    assert page.headers["Request-Id"] in page.text
    for inner in ("RuntimeError", "Traceback", "hush"):
        assert inner not in page.text


def test_without_a_database_a_page_says_when_to_look_again(client: FlaskClient) -> None:
    sql = "SELECT pg_terminate_backend(pg_backend_pid())"

    page = client.get("/pages/query", query_string={"sql": sql})

    assert (page.status_code, page.mimetype, page.headers["Retry-After"]) == (503, "text/html", "5")
    assert "The database cannot be reached" in page.text
    assert "Again in 5 s." in page.text
    assert 'href="/pages/query?sql=SELECT' in page.text


@pytest.mark.parametrize("path", ["//evil.example/x", "/%2Fevil.example", "/<script>"])
def test_no_address_becomes_a_link_that_leads_away(client: FlaskClient, path: str) -> None:
    page = client.get(path, headers=BROWSER, follow_redirects=True)

    assert page.status_code == 404
    assert "evil" not in page.text
    assert "<script>" not in page.text


def test_who_tries_many_codes_is_told_when_to_go_on(client: FlaskClient) -> None:
    answers = [client.post("/login", data={"code": f"AAAAA-{n:05}"}) for n in range(40)]

    page = answers[-1]
    assert (page.status_code, page.mimetype) == (429, "text/html")
    assert f"Again in {page.headers['Retry-After']} s." in page.text
