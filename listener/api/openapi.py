"""`/openapi.json`: the API described, from its routes, its request bodies and its answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from flask import Blueprint, Flask, current_app, jsonify
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from listener import VERSION
from listener.api import compared, foreseen, people, rollbacks, schemas

bp = Blueprint("openapi", __name__)

Json = dict[str, Any]
REF = "#/components/schemas/{model}"
SILENT_METHODS = {"HEAD", "OPTIONS"}

PROBLEMS = {
    400: "The body is not JSON.",
    401: "Nobody can tell who asks.",
    403: "The role does not suffice.",
    404: "There is no such thing.",
    409: "Not possible as things stand; the message says what stands in the way.",
    413: "The body is larger than 1 MiB.",
    422: "Understood, and wrong.",
    429: "Too many of these at once.",
    502: "Heroku could not be read, or refused; in its words.",
    503: "Not now: the database, a secret or Heroku is not available.",
}
QUERIES: dict[str, Json] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
    "all": {"type": "boolean", "default": False},
    "offset": {"type": "integer", "minimum": 0, "default": 0},
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a route's own code does not tell of its answer."""

    answer: type[BaseModel] | None = None
    is_list: bool = False
    status: int = 200
    also: int | None = None
    queries: tuple[str, ...] = ()
    problems: tuple[int, ...] = ()


HEROKU = (404, 409, 422, 502)
TOLD: dict[str, Told] = {
    "webhooks.receive": Told(status=204, problems=(401, 413, 503)),
    "tokens.create": Told(people.Token, status=201, problems=(401, 403, 429, 503)),
    "tokens.create_code": Told(people.LoginCode, status=201),
    "tokens.whoami": Told(people.Whoami),
    "rules.list_": Told(schemas.Rule, is_list=True, queries=("app", "limit")),
    "rules.add": Told(schemas.Rule, status=201, problems=HEROKU),
    "rules.show": Told(schemas.Rule, problems=(404,)),
    "rules.backtest": Told(schemas.Backtest, is_list=True, queries=("limit",), problems=(404, 502)),
    "rules.try_new": Told(foreseen.Trial, queries=("limit",), problems=HEROKU),
    "rules.try_change": Told(foreseen.Trial, queries=("limit",), problems=HEROKU),
    "files.plan": Told(foreseen.Plan, problems=(404, 422, 502)),
    "files.apply": Told(foreseen.Plan, problems=HEROKU),
    "rules.update": Told(schemas.Rule, problems=HEROKU),
    "rules.remove": Told(schemas.RuleRemoved, problems=(404, 409)),
    "pipelines.list_": Told(schemas.Pipeline, is_list=True, problems=(502,)),
    "subscriptions.list_": Told(schemas.Subscription, is_list=True, queries=("app", "limit")),
    "subscriptions.add": Told(schemas.Subscription, status=201, also=200, problems=HEROKU),
    "subscriptions.show": Told(schemas.Subscription, problems=(404,)),
    "subscriptions.rotate": Told(schemas.Subscription, problems=HEROKU),
    "subscriptions.remove": Told(schemas.Subscription, problems=(404, 502)),
    "deliveries.list_": Told(schemas.Delivery, is_list=True, queries=("app", "limit")),
    "promotions.list_": Told(
        schemas.Promotion, is_list=True, queries=("app", "status", "limit"), problems=(422,)
    ),
    "promotions.promote": Told(schemas.Promotion, is_list=True, status=201, problems=HEROKU),
    "promotions.show": Told(schemas.PromotionInFull, problems=(404,)),
    "promotions.output": Told(schemas.Output, queries=("offset",), problems=(404, 422, 429, 502)),
    "promotions.cancel": Told(schemas.Promotion, problems=(404, 409)),
    "promotions.retry": Told(schemas.Promotion, problems=(404, 409)),
    "promotions.approve": Told(schemas.Promotion, problems=(404, 409)),
    "promotions.reject": Told(schemas.Promotion, problems=(404, 409)),
    "promotions.roll_back": Told(rollbacks.Rollback, status=201, problems=HEROKU),
    "approvals.show": Told(),
    "approvals.log_in": Told(status=303),
    "approvals.answer": Told(status=303),
    "holds.list_": Told(schemas.Hold, is_list=True, queries=("app", "all", "limit")),
    "holds.add": Told(schemas.HoldPut, status=201, problems=HEROKU),
    "holds.show": Told(schemas.Hold, problems=(404,)),
    "holds.foresee_one": Told(schemas.ReleaseForeseen, problems=(404, 409)),
    "holds.foresee": Told(schemas.ReleaseForeseen, problems=(404, 502)),
    "holds.release_one": Told(schemas.HoldsReleased, problems=(404, 409, 502)),
    "holds.release": Told(schemas.HoldsReleased, problems=HEROKU),
    "explanations.show": Told(schemas.Explanation, queries=("release",), problems=(404, 422, 502)),
    "diffs.show": Told(compared.Diff, queries=("to", "release", "repo"), problems=(404, 422, 502)),
    "findings.list_": Told(compared.Finding, is_list=True, problems=(429,)),
    "troubles.list_": Told(schemas.Trouble, is_list=True, queries=("app",)),
    "audit.list_": Told(
        people.AuditEntry, is_list=True, queries=("subject", "app", "by", "since", "limit")
    ),
    "health.is_up": Told(schemas.Condition),
    "health.is_ready": Told(schemas.Condition, problems=(503,)),
    "metrics.scrape": Told(problems=(401, 403)),
    "openapi.describe": Told(),
}


@bp.get("/openapi.json")
def describe() -> ResponseReturnValue:
    """Return this description of the API."""
    return jsonify(described(current_app))


def described(app: Flask) -> Json:
    """Describe every route of the app."""
    paths: dict[str, Json] = {}
    models: set[type[BaseModel]] = {schemas.Problem}
    for rule, method in _routes(app):
        view, told = app.view_functions[rule.endpoint], TOLD.get(rule.endpoint, Told())
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


def _routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        for method in sorted((rule.methods or set()) - SILENT_METHODS):
            yield rule, method


def _operation(rule: Rule, view: Any, told: Told, body: type[BaseModel] | None) -> Json:
    role = getattr(view, "needs", None)
    operation: Json = {
        "operationId": rule.endpoint.replace(".", "_").rstrip("_"),
        "summary": (view.__doc__ or "").splitlines()[0],
        "parameters": [_in_path(name) for name in sorted(rule.arguments)]
        + [_in_query(name) for name in told.queries],
        "responses": _responses(told, has_body=body is not None, needs_role=role is not None),
    }
    if role is not None:
        operation |= {"security": [{"token": []}], "description": f"Needs the role {role}."}
    if body is not None:
        schema = {"$ref": REF.format(model=body.__name__)}
        operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return operation


def _in_path(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _in_query(name: str) -> Json:
    return {"name": name, "in": "query", "schema": QUERIES.get(name, {"type": "string"})}


def _responses(told: Told, *, has_body: bool, needs_role: bool) -> Json:
    codes = {*told.problems, *((400, 413, 422) if has_body else ())}
    codes |= {401, 403} if needs_role else set()
    codes |= {422} if "limit" in told.queries else set()
    good = [told.status] if told.also is None else [told.also, told.status]
    responses: Json = {str(code): _good(told) for code in good}
    return responses | {str(code): _bad(code) for code in sorted(codes)}


def _good(told: Told) -> Json:
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
