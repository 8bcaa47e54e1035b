"""Control API: repositories, their commits, and what is connected to them."""

from typing import Any

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from emulator import apps, pipelines, repositories
from emulator.api.body import optional_text_of, read_body, text_of
from emulator.api.caller import world
from emulator.control.body import only, texts_of
from emulator.errors import InvalidParams
from emulator.github_api import ci
from emulator.records import Json, Repository
from emulator.repositories import Wanted

bp = Blueprint("control_repositories", __name__, url_prefix="/_emulator")

SWITCH = ("open", "forbidden", "missing")


@bp.post("/repositories")
def push() -> ResponseReturnValue:
    """Push commits to a branch; the repository is created if there is none.

    Parents that are not the branch's last commit make it a force-push. Returns the SHAs.
    """
    body = read_body()
    only(body, "full_name", "branch", "commits")
    repository = repositories.ensure(world(), text_of(body, "full_name"))
    branch = optional_text_of(body, "branch") or repository.default_branch
    listed = body.get("commits") or []
    if not isinstance(listed, list):
        raise InvalidParams('commits must be like [{"message": "Fix the login"}].')
    wanted = [_wanted(each) for each in listed]
    shas = repositories.push(world(), repository, branch, wanted)
    if shas:
        ci.begin(world(), repository, shas[-1])
    return jsonify(shas), 201


@bp.put("/repositories-api")
def switch() -> Response:
    """Have Heroku answer for repositories, refuse everybody, or not know the paths at all."""
    body = read_body()
    only(body, "is")
    chosen = text_of(body, "is")
    if chosen not in SWITCH:
        raise InvalidParams(f"is must be one of {', '.join(SWITCH)}.")
    world().repositories_api = chosen
    return jsonify({"is": chosen})


@bp.put("/apps/<identity>/repo")
def connect_app(identity: str) -> Response:
    """Connect an app to `{"full_name"}`, or to none without it."""
    return _connect(apps.get_app(world(), identity).id)


@bp.put("/pipelines/<identity>/repo")
def connect_pipeline(identity: str) -> Response:
    """Connect a pipeline to `{"full_name"}`, or to none without it."""
    return _connect(pipelines.get_pipeline(world(), identity).id)


def _connect(resource_id: str) -> Response:
    repository = _named(read_body())
    repositories.connect(world(), resource_id, repository)
    return jsonify({"full_name": repository.full_name if repository else None})


def _named(body: Json) -> Repository | None:
    only(body, "full_name")
    name = optional_text_of(body, "full_name")
    return repositories.get(world(), name) if name else None


def _wanted(each: Any) -> Wanted:
    if not isinstance(each, dict):
        raise InvalidParams('A commit must be like {"message": "Fix the login"}.')
    only(each, "message", "author", "sha", "parents")
    parents = texts_of(each, "parents")
    return Wanted(
        message=text_of(each, "message"),
        author=optional_text_of(each, "author") or "Ana <ana@example.com>",
        sha=optional_text_of(each, "sha"),
        parents=None if parents is None else tuple(parents),
    )
