"""The repositories API: which repository an app or pipeline is connected to, and its commits.

Heroku has no documentation of it. The paths and fields are those that Heroku's own command line
reads (github.com/heroku/cli, branch replace-kolkrabbi-with-repositories-api, 2026-07); the texts of
the refusals are guesses. `/repos/{owner}/{name}` and archives are not played.
"""

from flask import Blueprint, Response, jsonify, request

from emulator import repositories
from emulator.api.caller import get_app, get_pipeline, world
from emulator.api.problems import NO_ENDPOINT
from emulator.errors import InvalidParams, NoSuchEndpoint
from emulator.records import Commit, Json, Repository
from emulator.times import stamp

bp = Blueprint("repositories", __name__)

VARIANT = "version=3.repositories-api"


@bp.before_request
def check_variant() -> None:
    """Know the paths only for the variant of version 3 that has them. Raises NoSuchEndpoint."""
    if VARIANT not in request.headers.get("Accept", "").replace(" ", ""):
        raise NoSuchEndpoint(NO_ENDPOINT)


@bp.get("/apps/<identity>/repo")
def of_app(identity: str) -> Response:
    """Return the repository of an app."""
    return jsonify(_shape(repositories.connected(world(), get_app(identity).id)))


@bp.get("/pipelines/<identity>/repo")
def of_pipeline(identity: str) -> Response:
    """Return the repository of a pipeline."""
    return jsonify(_shape(_of_pipeline(identity)))


@bp.get("/pipelines/<identity>/repo/compare")
def compare(identity: str) -> Response:
    """Return the commits that `head` has and `base` has not, oldest first."""
    repository = _of_pipeline(identity)
    base, head = (repositories.find_commit(repository, _asked(name)) for name in ("base", "head"))
    commits = repositories.ahead(repository, base, head)
    return jsonify({"ahead_by": len(commits), "commits": [_commit_shape(each) for each in commits]})


@bp.get("/pipelines/<identity>/repo/branches")
def branches(identity: str) -> Response:
    """Return the branches of a pipeline's repository."""
    return jsonify([{"name": name} for name in _of_pipeline(identity).branches])


@bp.get("/pipelines/<identity>/repo/branches/<path:branch>")
def branch(identity: str, branch: str) -> Response:
    """Return one branch with its last commit."""
    repository = _of_pipeline(identity)
    found = repositories.find_commit(repository, repository.branches.get(branch, ""))
    return jsonify({"name": branch, "commit": _commit_shape(found)})


def _of_pipeline(identity: str) -> Repository:
    return repositories.connected(world(), get_pipeline(identity).id)


def _asked(name: str) -> str:
    value = request.args.get(name, "")
    if not value:
        raise InvalidParams(f"Require params: {name}.")
    return value


def _shape(repository: Repository) -> Json:
    return {
        "full_name": repository.full_name,
        "default_branch": repository.default_branch,
        "html_url": f"https://github.com/{repository.full_name}",
    }


def _commit_shape(commit: Commit) -> Json:
    author = {"name": commit.author, "email": commit.email, "date": stamp(commit.at)}
    return {"sha": commit.sha, "commit": {"author": author, "message": commit.message}}
