"""Views: repositories, commits, comparisons, pull requests."""

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response, jsonify, request

from emulator import histories
from emulator.api.caller import world
from emulator.github.errors import REST, Refused, not_found
from emulator.github.records import PullRequest
from emulator.github_api import paging
from emulator.github_api.caller import find_commit, get_commit, get_repository, login, token
from emulator.github_api.shapes import (
    api_url,
    commit_shape,
    file_shape,
    html_url,
    pull_shape,
    repository_shape,
    user_shape,
)
from emulator.records import Commit, Json, Repository

bp = Blueprint("repos", __name__)

UNPAGED = 250  # commits of a comparison without paging
FILES = 300
COMPARE = f"{REST}/commits/commits#compare-two-commits"
SORTS: dict[str, Callable[[PullRequest], datetime]] = {
    "created": lambda pull: pull.created_at,
    "updated": lambda pull: pull.updated_at,
}


@bp.get("/user")
def user() -> Response:
    """Return whoever the token belongs to."""
    known = token()
    if known is None:
        raise Refused(401, "Requires authentication")
    if known.installation_id is not None:
        raise Refused(403, "Resource not accessible by integration")
    return jsonify(user_shape(world(), login()))


@bp.get("/rate_limit")
def rate_limit() -> Response:
    """Return what is left of the caller's requests; asking costs none."""
    budget = world().github.rates.of(login())
    core = {
        "limit": budget.left + budget.used,
        "used": budget.used,
        "remaining": budget.left,
        "reset": int(budget.resets_at.timestamp()),
    }
    return jsonify({"resources": {"core": core}, "rate": core})


@bp.get("/repos/<owner>/<name>")
def repository(owner: str, name: str) -> Response:
    """Return a repository."""
    return jsonify(repository_shape(world(), get_repository(owner, name, "metadata")))


@bp.get("/repos/<owner>/<name>/commits/<path:ref>")
def commit(owner: str, name: str, ref: str) -> Response:
    """Return the commit of a SHA or a branch."""
    found = get_repository(owner, name, "contents")
    read = get_commit(found, ref)
    files = [file_shape(read)]
    stats = {"additions": 1, "deletions": 0, "total": 1}
    return jsonify(commit_shape(world(), found, read) | {"stats": stats, "files": files})


@bp.get("/repos/<owner>/<name>/compare/<path:basehead>")
def compare(owner: str, name: str, basehead: str) -> Response:
    """Return what `head` has and `base` has not, oldest first."""
    found = get_repository(owner, name, "contents")
    names = basehead.split("...")
    base, head = (find_commit(found, each) for each in names) if len(names) == 2 else (None, None)
    if base is None or head is None:
        raise Refused(404, "Not Found", documentation=COMPARE)
    compared = histories.compare(found, base, head)
    if compared.merge_base is None:
        words = f"No common ancestor between {names[0]} and {names[1]}."
        raise Refused(404, words, documentation=COMPARE)
    shown = _shown(compared.ahead)
    told = _comparison_shape(found, base, head, compared) | {
        "commits": [commit_shape(world(), found, each) for each in shown],
    }
    if request.args.get("page", 1, int) == 1:
        told["files"] = [file_shape(each) for each in compared.ahead[:FILES]]
    answer = jsonify(told)
    return paging.link(answer, len(compared.ahead)) if paging.is_asked_for() else answer


def _shown(commits: list[Commit]) -> list[Commit]:
    """Return the commits of the page; without paging, the newest ones."""
    return list(paging.cut(commits)) if paging.is_asked_for() else commits[-UNPAGED:]


def _comparison_shape(
    repository: Repository, base: Commit, head: Commit, compared: histories.Comparison
) -> Json:
    api, html = api_url(world(), repository), html_url(world(), repository)
    range_ = f"compare/{base.sha}...{head.sha}"
    merge_base = compared.merge_base or base
    return {
        "url": f"{api}/{range_}",
        "html_url": f"{html}/{range_}",
        "permalink_url": f"{html}/{range_}",
        "diff_url": f"{html}/{range_}.diff",
        "patch_url": f"{html}/{range_}.patch",
        "base_commit": commit_shape(world(), repository, base),
        "merge_base_commit": commit_shape(world(), repository, merge_base),
        "status": compared.status,
        "ahead_by": len(compared.ahead),
        "behind_by": len(compared.behind),
        "total_commits": len(compared.ahead),
    }


@bp.get("/repos/<owner>/<name>/commits/<sha>/pulls")
def pulls_of(owner: str, name: str, sha: str) -> Response:
    """Return the pull requests that brought a commit, or that hold one not yet merged."""
    found = get_repository(owner, name, "pull_requests")
    read = get_commit(found, sha)
    holding = [
        each
        for each in world().github.pulls[found.full_name]
        if read.sha in (*each.commits, each.merge_commit)
    ]
    tip = find_commit(found, found.default_branch)
    if tip is not None and read.sha in histories.reachable(found, tip):
        holding = [each for each in holding if each.merged_at]
    return _listed(found, holding)


@bp.get("/repos/<owner>/<name>/pulls")
def pulls(owner: str, name: str) -> Response:
    """Return the pull requests of a repository, by default the open ones, newest first."""
    found = get_repository(owner, name, "pull_requests")
    state, sort = request.args.get("state", "open"), request.args.get("sort", "created")
    if state not in ("open", "closed", "all") or sort not in SORTS:
        raise Refused(422, "Validation Failed")
    of_state = [
        each for each in world().github.pulls[found.full_name] if state in ("all", each.state)
    ]
    down = request.args.get("direction", "desc" if sort == "created" else "asc") == "desc"
    return _listed(found, sorted(of_state, key=SORTS[sort], reverse=down))


@bp.get("/repos/<owner>/<name>/pulls/<int:number>")
def pull(owner: str, name: str, number: int) -> Response:
    """Return one pull request."""
    found = get_repository(owner, name, "pull_requests")
    for each in world().github.pulls[found.full_name]:
        if each.number == number:
            return jsonify(pull_shape(world(), found, each) | {"merged": bool(each.merged_at)})
    raise not_found()


def _listed(repository: Repository, pulls: list[PullRequest]) -> Response:
    shapes = [pull_shape(world(), repository, each) for each in paging.cut(pulls)]
    return paging.link(jsonify(shapes), len(pulls))
