"""`/openapi.json`: the API described, from its routes, its request bodies and its answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, cast

from flask import Blueprint, Flask, Response, current_app
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from listener import VERSION
from listener.api.answers import Problem, Reply, replies
from listener.api.auth import On
from listener.api.stats import USUAL_SPAN
from listener.core.figures import SPANS
from listener.process_memory import made_by_child

bp = Blueprint("openapi", __name__)

Json = dict[str, Any]
_written: list[bytes] = []
REF = "#/components/schemas/{model}"
SILENT_METHODS = {"HEAD", "OPTIONS"}

PROBLEMS = {
    400: "The body is not JSON.",
    401: "Nobody can tell who asks.",
    403: "The role does not suffice.",
    404: "There is no such thing.",
    409: "Not possible as things stand; the message says what stands in the way.",
    410: "It was there, and its time is over.",
    413: "The body is larger than this route takes.",
    422: "Understood, and wrong.",
    429: "Too many of these at once.",
    502: "Heroku could not be read, or refused; in its words.",
    503: "Not now: the database, a secret or Heroku is not available.",
}
# Whatever is asked: it came unencrypted, or its address holds the character NUL.
EVERYWHERE = {403, 422}
QUERIES: dict[str, Json] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
    "all": {"type": "boolean", "default": False},
    "offset": {"type": "integer", "minimum": 0, "default": 0},
    "days": {"type": "integer", "enum": list(SPANS), "default": USUAL_SPAN},
}


@bp.get("/openapi.json")
@replies(Reply())
def describe() -> ResponseReturnValue:
    """Return this description of the API."""
    return Response(written(current_app), mimetype="application/json")


def written(app: Flask) -> bytes:
    """Return the description as it is sent.

    It is made once, for anybody may ask for it, and all apps of a process have the same routes.
    """
    if not _written:
        _written.append(_text(app))
    return _written[0]


def write(app: Flask) -> None:
    """Have a child make the description: it takes 3 MB. Call it before any thread runs."""
    if not _written and (made := made_by_child(lambda: _text(app))) is not None:
        _written.append(made)


def _text(app: Flask) -> bytes:
    text = json.dumps(described(app), ensure_ascii=False, separators=(",", ":"))
    return f"{text}\n".encode()


def described(app: Flask) -> Json:
    """Describe every route of the app."""
    paths: dict[str, Json] = {}
    models: set[type[BaseModel]] = {Problem}
    for rule, method in _routes(app):
        view, told = app.view_functions[rule.endpoint], reply_of(app.view_functions[rule.endpoint])
        body = getattr(view, "takes", None)
        models.update(model for model in (told.answer, body) if model is not None)
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        paths.setdefault(path, {})[method.lower()] = _operation(rule, view, told, body)
    return {
        "openapi": "3.1.0",
        "info": {"title": "heroku-autopromote listener", "version": VERSION},
        "paths": paths,
        "components": {
            "schemas": _schemas(models),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def reply_of(view: Any) -> Reply:
    """Return what a view says of its answer. Raises AttributeError where it says nothing."""
    return cast(Reply, view.reply)


def _routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        for method in sorted((rule.methods or set()) - SILENT_METHODS):
            yield rule, method


def _operation(rule: Rule, view: Any, told: Reply, body: type[BaseModel] | None) -> Json:
    role = getattr(view, "needs", None)
    needs_token = role is not None or getattr(view, "needs_token", False)
    operation: Json = {
        "operationId": rule.endpoint.replace(".", "_").rstrip("_"),
        "summary": (view.__doc__ or "").splitlines()[0],
        "parameters": [_in_path(name) for name in sorted(rule.arguments)]
        + [_in_query(name) for name in told.queries],
        "responses": _responses(told, has_body=body is not None, needs_token=needs_token),
    }
    if needs_token:
        words = (
            f"Needs the role {role.wanted}{_where(view)}." if role is not None else "Needs a token."
        )
        operation |= {"security": [{"token": []}], "description": words}
    if body is not None:
        schema = {"$ref": REF.format(model=body.__name__)}
        operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return operation


def _where(view: Any) -> str:
    """Say for which apps the role is needed."""
    return {On.ALL: " for every app", On.APPS: " for the apps that it is about"}.get(view.on, "")


def _in_path(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _in_query(name: str) -> Json:
    return {"name": name, "in": "query", "schema": QUERIES.get(name, {"type": "string"})}


def _responses(told: Reply, *, has_body: bool, needs_token: bool) -> Json:
    codes = {*told.problems, *((400, 413, 422) if has_body else ())}
    codes |= {401, 403} if needs_token else set()
    codes |= EVERYWHERE
    good = [told.status] if told.also is None else [told.also, told.status]
    responses: Json = {str(code): _good(told) for code in good}
    bad = _page if told.is_page else _bad
    return responses | {str(code): bad(code) for code in sorted(codes)}


def _page(code: int) -> Json:
    return {"description": PROBLEMS[code], "content": {"text/html": {}}}


def _good(told: Reply) -> Json:
    if told.is_page and told.status == HTTPStatus.OK:
        return {"description": "Done.", "content": {told.media: {}}}
    if told.answer is None:
        return {"description": "Done."}
    schema: Json = {"$ref": REF.format(model=told.answer.__name__)}
    if told.is_list:
        schema = {"type": "array", "items": schema}
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


def _bad(code: int) -> Json:
    schema = {"$ref": REF.format(model="Problem")}
    return {
        "description": PROBLEMS[code],
        "content": {"application/json": {"schema": schema}},
    }


def _schemas(models: set[type[BaseModel]]) -> Json:
    wanted = sorted(models, key=lambda model: model.__name__)
    _, found = models_json_schema([(m, "validation") for m in wanted], ref_template=REF)
    return cast(Json, found["$defs"])
