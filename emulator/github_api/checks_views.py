"""Views: check runs and statuses of a commit."""

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from emulator.api.caller import world
from emulator.github.errors import not_found, unreadable
from emulator.github_api import checks, paging
from emulator.github_api.caller import (
    body,
    find_commit,
    get_commit,
    get_repository,
    login,
    text_in,
)
from emulator.github_api.shapes import (
    api_url,
    check_shape,
    repository_shape,
    short_status_shape,
    status_shape,
    suite_shape,
)

bp = Blueprint("checks", __name__, url_prefix="/repos/<owner>/<name>")


@bp.get("/commits/<path:ref>/check-runs")
def runs(owner: str, name: str, ref: str) -> Response:
    """Return the check runs of a commit: the latest of each name, or `filter=all`."""
    found = get_repository(owner, name, "checks")
    sha, chosen = get_commit(found, ref).sha, request.args.get("filter", "latest")
    if chosen not in ("latest", "all"):
        raise unreadable(f"For 'filter', {chosen!r} is not one of latest, all.")
    is_all = chosen == "all"
    every = checks.runs_of(world(), found, sha)[::-1] if is_all else None
    listed = checks.latest_runs(world(), found, sha) if every is None else every
    for key, value in (("name", "check_name"), ("status", "status")):
        if wanted := request.args.get(value):
            listed = [run for run in listed if getattr(run, key) == wanted]
    shapes = [check_shape(world(), found, run) for run in paging.cut(listed)]
    answer = jsonify({"total_count": len(listed), "check_runs": shapes})
    return paging.link(answer, len(listed))


@bp.get("/commits/<path:ref>/check-suites")
def suites(owner: str, name: str, ref: str) -> Response:
    """Return the check suites of a commit, also those without a run."""
    found = get_repository(owner, name, "checks")
    listed = checks.suites_of(world(), found, get_commit(found, ref).sha)
    shapes = [suite_shape(world(), found, suite) for suite in paging.cut(listed)]
    answer = jsonify({"total_count": len(listed), "check_suites": shapes})
    return paging.link(answer, len(listed))


@bp.get("/commits/<path:ref>/status")
def combined(owner: str, name: str, ref: str) -> Response:
    """Return the latest status of each context, and the state of all together."""
    found = get_repository(owner, name, "statuses")
    commit = find_commit(found, ref)
    if commit is None:
        raise not_found()
    statuses = checks.latest_statuses(world(), found, commit.sha)
    answer = jsonify(
        {
            "state": checks.combined(statuses),
            "sha": commit.sha,
            "total_count": len(statuses),
            "statuses": [short_status_shape(world(), found, each) for each in paging.cut(statuses)],
            "repository": repository_shape(world(), found),
            "commit_url": f"{api_url(world(), found)}/commits/{commit.sha}",
            "url": f"{api_url(world(), found)}/commits/{commit.sha}/status",
        }
    )
    return paging.link(answer, len(statuses))


@bp.post("/statuses/<sha>")
def add_status(owner: str, name: str, sha: str) -> ResponseReturnValue:
    """Add a status to a commit."""
    found, told = get_repository(owner, name, "statuses", "write"), body()
    wanted = {
        "state": text_in(told, "state"),
        "context": text_in(told, "context", "default"),
        "description": told.get("description"),
        "target_url": told.get("target_url"),
    }
    commit = get_commit(found, sha)
    made = checks.add_status(world(), found, commit.sha, wanted, login())
    return jsonify(status_shape(world(), found, made)), 201
