"""The repositories API: which repository an app or pipeline is connected to, and its commits.

Heroku has no documentation of it. The paths and fields are those that Heroku's own command line
reads (github.com/heroku/cli, branch replace-kolkrabbi-with-repositories-api, 2026-07); the texts of
the refusals are guesses, and so is that a comparison ends where GitHub's does. Archives are not
played, nor the API's predecessor at kolkrabbi.heroku.com.
"""

from flask import Blueprint, Response, jsonify, request

from emulator import histories, repositories
from emulator.api.caller import get_app, get_pipeline, world
from emulator.api.problems import NO_ENDPOINT
from emulator.errors import Forbidden, InvalidParams, NoSuchEndpoint, NotFound
from emulator.records import Commit, Json, Repository
from emulator.times import stamp

bp = Blueprint("repositories", __name__)

VARIANT = "version=3.repositories-api"
LONGEST = 250  # commits of a comparison
NO_ACCESS = "You do not have access to this repository."


@bp.before_request
def check_variant() -> None:
    """Know the paths only for the variant of version 3 that has them.

    Raises NoSuchEndpoint, also if this Heroku shall have none, or Forbidden.
    """
    is_asked_for = VARIANT in request.headers.get("Accept", "").replace(" ", "")
    if not is_asked_for or world().repositories_api == "missing":
        raise NoSuchEndpoint(NO_ENDPOINT)
    if world().repositories_api == "forbidden":
        raise Forbidden(NO_ACCESS)


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
    """Return the commits that `head` has and `base` has not, oldest first, the newest of them."""
    repository = _of_pipeline(identity)
    base, head = (repositories.find_commit(repository, _asked(name)) for name in ("base", "head"))
    compared = histories.compare(repository, base, head)
    if compared.merge_base is None:
        raise NotFound("comparison")
    commits = [_commit_shape(each) for each in compared.ahead[-LONGEST:]]
    return jsonify({"ahead_by": len(compared.ahead), "commits": commits})


@bp.get("/repos/<owner>/<name>")
def of_owner(owner: str, name: str) -> Response:
    """Return a repository by its name."""
    return jsonify(_shape(repositories.get(world(), f"{owner}/{name}")))


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
