"""The API describes itself: every route, every body, every answer, as they really are."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
from flask import Flask
from flask.testing import FlaskClient

from listener.api import openapi
from listener.app import routes
from listener.core.gates.options import OPTIONS
from listener.pages.frame import SCRIPT, STYLESHEET


@pytest.fixture
def database_url() -> str:
    """Nothing here asks a database."""
    return "postgres://ana:pw@127.0.0.1:9/acme"


@pytest.fixture
def described(client: FlaskClient) -> Any:
    """The description."""
    return client.get("/openapi.json").get_json()


def test_every_route_is_described(app: Flask, described: Any) -> None:
    routes = {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == {
        (path, method) for path, methods in described["paths"].items() for method in methods
    }


def test_it_is_sent_as_it_is_made_once(client: FlaskClient) -> None:
    answer = client.get("/openapi.json")
    assert answer.content_type == "application/json"
    assert answer.get_json() == openapi.described(routes())
    assert openapi.written(routes()) is openapi.written(Flask("another")) == answer.data


def test_a_child_writes_it_before_anybody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openapi, "_written", [])
    described = openapi.described(routes())
    openapi.write(routes())

    monkeypatch.setattr(openapi, "described", None)  # it is not made once more
    assert json.loads(openapi.written(routes())) == described


def test_every_route_says_what_it_does_and_answers(described: Any) -> None:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"].endswith("."), (method, path)
            assert min(operation["responses"]) < "400", (method, path)
    names = [one["operationId"] for path in described["paths"].values() for one in path.values()]
    assert len(names) == len(set(names))


def test_every_api_route_tells_of_its_answer_and_its_role(described: Any) -> None:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if path.startswith("/api/"):
                good = [one for code, one in operation["responses"].items() if code < "300"]
                assert all("content" in one for one in good), (method, path)
                assert path in ("/api/tokens", "/api/login") or operation["security"] == [
                    {"token": []}
                ]


def test_every_body_is_described_with_the_words_it_may_say(described: Any) -> None:
    body = described["paths"]["/api/rules"]["post"]["requestBody"]
    name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]

    schema = described["components"]["schemas"][name]
    assert schema["additionalProperties"] is False
    own = {"name", "source", "targets", "mode", "strategy", "on_newer", "notify", "events_to"}
    own |= {"reason"}
    assert own | set(OPTIONS) == set(schema["properties"])


def test_every_reference_leads_somewhere(described: Any) -> None:
    for ref in set(re.findall(r"'\$ref': '([^']+)'", str(described))):
        assert ref.removeprefix("#/components/schemas/") in described["components"]["schemas"]


def test_the_schemas_are_schemas(described: Any) -> None:
    for schema in described["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_a_route_that_does_not_say_what_it_answers_cannot_be_described() -> None:
    silent = routes()
    silent.add_url_rule("/silent", view_func=lambda: "", endpoint="silent")
    with pytest.raises(AttributeError, match="reply"):
        openapi.described(silent)


def test_nul_in_any_address_is_refused_as_described(client: FlaskClient, described: Any) -> None:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            answer = client.open(f"{path}?a%00b=c", method=method)
            assert str(answer.status_code) in operation["responses"], (method, path)


def test_pages_refuse_as_described(client: FlaskClient, described: Any) -> None:
    pages = [path for path in described["paths"] if path.startswith("/approvals/")]
    assert pages
    for path in pages:
        for method, operation in described["paths"][path].items():
            answer = client.open(path.replace("{link}", "none"), method=method)
            assert answer.status_code == 404
            [kind] = operation["responses"]["404"]["content"]
            assert answer.mimetype == kind == "text/html"


def test_what_a_page_loads_is_described_as_it_is(client: FlaskClient, described: Any) -> None:
    for path, kind in ((STYLESHEET, "text/css"), (SCRIPT, "text/javascript")):
        [told] = described["paths"][path]["get"]["responses"]["200"]["content"]
        assert client.get(path).mimetype == told == kind
