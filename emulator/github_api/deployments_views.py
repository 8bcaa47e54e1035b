"""Views: deployments and their statuses."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from emulator.api.caller import world
from emulator.github.errors import Refused, invalid, not_found, unreadable
from emulator.github.records import Deployment, DeploymentStatus
from emulator.github_api import deployments, paging
from emulator.github_api.caller import body, find_commit, flag_in, get_repository, login, text_in
from emulator.github_api.deployments import CREATE, STATES
from emulator.github_api.shapes import api_url, user_shape
from emulator.records import Json, Repository
from emulator.times import stamp

bp = Blueprint("deployments", __name__, url_prefix="/repos/<owner>/<name>/deployments")

LONGEST = 140  # characters of a description
FILTERS = ("sha", "ref", "task", "environment")


@bp.post("")
def create(owner: str, name: str) -> ResponseReturnValue:
    """Create a deployment of a ref, once its required contexts are a success."""
    found, told = get_repository(owner, name, "deployments", "write"), body()
    ref, environment = text_in(told, "ref"), text_in(told, "environment", "production")
    commit = find_commit(found, ref)
    if commit is None:
        raise Refused(422, f"No ref found for: {ref}", documentation=CREATE)
    if flag_in(told, "auto_merge", True) and deployments.is_behind(found, commit):
        # A guess where the ref is a SHA, into which nothing can be merged.
        words = f"Conflict merging {found.default_branch} into {ref}."
        raise Refused(409, words, documentation=CREATE)
    deployments.check_contexts(world(), found, commit, ref, _contexts(told))
    made = deployments.create(
        world(),
        found,
        {
            "sha": commit.sha,
            "ref": ref,
            "task": text_in(told, "task", "deploy"),
            "payload": _payload(told),
            "environment": environment,
            "description": _description(told, "Deployment"),
            "creator": login(),
            "is_transient": flag_in(told, "transient_environment", False),
            "is_production": flag_in(told, "production_environment", environment == "production"),
        },
    )
    return jsonify(deployment_shape(found, made)), 201


@bp.get("")
def index(owner: str, name: str) -> Response:
    """Return the deployments, newest first, or those of a sha, ref, task or environment."""
    found = get_repository(owner, name, "deployments")
    listed = [
        each
        for each in reversed(world().github.deployments[found.full_name])
        if all(request.args.get(key) in (None, getattr(each, key)) for key in FILTERS)
    ]
    shapes = [deployment_shape(found, each) for each in paging.cut(listed)]
    return paging.link(jsonify(shapes), len(listed))


@bp.get("/<int:deployment_id>")
def info(owner: str, name: str, deployment_id: int) -> Response:
    """Return one deployment."""
    found = get_repository(owner, name, "deployments")
    return jsonify(deployment_shape(found, _get(found, deployment_id)))


@bp.post("/<int:deployment_id>/statuses")
def add_status(owner: str, name: str, deployment_id: int) -> ResponseReturnValue:
    """Add a status to a deployment."""
    found, told = get_repository(owner, name, "deployments", "write"), body()
    deployment, state = _get(found, deployment_id), text_in(told, "state")
    if state not in STATES:
        raise invalid("DeploymentStatus", "state", "state is not included in the list")
    wanted = {
        "state": state,
        "description": _description(told, "DeploymentStatus") or "",
        "environment": text_in(told, "environment", deployment.environment),
        "log_url": text_in(told, "log_url", told.get("target_url") or ""),
        "environment_url": text_in(told, "environment_url", ""),
        "creator": login(),
    }
    ends_others = flag_in(told, "auto_inactive", True)
    made = deployments.add_status(world(), found, deployment, wanted, ends_others=ends_others)
    return jsonify(status_shape(found, deployment, made)), 201


@bp.get("/<int:deployment_id>/statuses")
def statuses(owner: str, name: str, deployment_id: int) -> Response:
    """Return the statuses of a deployment, newest first."""
    found = get_repository(owner, name, "deployments")
    deployment = _get(found, deployment_id)
    listed = deployment.statuses[::-1]
    shapes = [status_shape(found, deployment, each) for each in paging.cut(listed)]
    return paging.link(jsonify(shapes), len(listed))


def _get(repository: Repository, deployment_id: int) -> Deployment:
    found = deployments.find(world(), repository, deployment_id)
    if found is None:
        raise not_found()
    return found


def _contexts(told: Mapping[str, Any]) -> list[str] | None:
    wanted = told.get("required_contexts")
    if wanted is None:
        return None
    if not isinstance(wanted, list) or not all(isinstance(each, str) for each in wanted):
        raise unreadable(f"For 'properties/required_contexts', {wanted!r} is not an array.")
    return wanted


def _payload(told: Mapping[str, Any]) -> Any:
    payload = told.get("payload", {})
    if not isinstance(payload, dict | str):
        raise unreadable(f"For 'properties/payload', {payload!r} is not an object.")
    return payload


def _description(told: Mapping[str, Any], resource: str) -> str | None:
    description = told.get("description")
    if description is None:
        return None
    if len(text_in(told, "description")) > LONGEST:
        words = f"description is too long (maximum is {LONGEST} characters)"
        raise invalid(resource, "description", words)
    return str(description)


def deployment_shape(repository: Repository, deployment: Deployment) -> Json:
    """Return a deployment as GitHub shows it."""
    url = f"{api_url(world(), repository)}/deployments/{deployment.id}"
    return {
        "id": deployment.id,
        "url": url,
        "sha": deployment.sha,
        "ref": deployment.ref,
        "task": deployment.task,
        "payload": deployment.payload,
        "original_environment": deployment.environment,
        "environment": deployment.environment,
        "description": deployment.description,
        "creator": user_shape(world(), deployment.creator),
        "created_at": stamp(deployment.created_at),
        "updated_at": stamp(deployment.updated_at),
        "statuses_url": f"{url}/statuses",
        "repository_url": api_url(world(), repository),
        "transient_environment": deployment.is_transient,
        "production_environment": deployment.is_production,
    }


def status_shape(repository: Repository, deployment: Deployment, status: DeploymentStatus) -> Json:
    """Return the status of a deployment as GitHub shows it."""
    url = f"{api_url(world(), repository)}/deployments/{deployment.id}"
    return {
        "id": status.id,
        "url": f"{url}/statuses/{status.id}",
        "state": status.state,
        "description": status.description,
        "environment": status.environment,
        "target_url": status.log_url,
        "log_url": status.log_url,
        "environment_url": status.environment_url,
        "creator": user_shape(world(), status.creator),
        "created_at": stamp(status.created_at),
        "updated_at": stamp(status.created_at),
        "deployment_url": url,
        "repository_url": api_url(world(), repository),
    }
