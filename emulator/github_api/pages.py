"""GitHub's pages, where the links of its API lead: plain text, for whoever plays with the demo.

They are at the root of the host, as at a GitHub Enterprise Server, and need no token.
"""

from flask import Blueprint, Response

from emulator import histories, repositories
from emulator.api.caller import world
from emulator.errors import NotFound
from emulator.github_api import checks
from emulator.records import Commit, Repository

bp = Blueprint("github_pages", __name__, url_prefix="/<owner>/<name>")


@bp.get("/commit/<sha>")
def commit(owner: str, name: str, sha: str) -> Response:
    """Show a commit, and what is said of it."""
    found = _get(owner, name)
    read = repositories.find_commit(found, sha)
    runs = checks.latest_runs(world(), found, read.sha)
    statuses = checks.latest_statuses(world(), found, read.sha)
    return _page(
        [
            f"{read.sha} by {read.author}",
            "",
            read.message,
            "",
            *(f"{run.name}: {run.conclusion or run.status}" for run in runs),
            *(f"{each.context}: {each.state} {each.description or ''}" for each in statuses),
        ]
    )


@bp.get("/compare/<path:range_>")
def compare(owner: str, name: str, range_: str) -> Response:
    """Show the commits that one commit has and another has not."""
    found = _get(owner, name)
    base, _, head = range_.partition("...")
    ends = (repositories.find_commit(found, each) for each in (base, head))
    compared = histories.compare(found, *ends)
    return _page([compared.status, "", *map(_line, compared.ahead)])


@bp.get("/pull/<int:number>")
def pull(owner: str, name: str, number: int) -> Response:
    """Show a pull request."""
    found = _get(owner, name)
    for each in world().github.pulls[found.full_name]:
        if each.number == number:
            state = "merged" if each.merged_at else each.state
            return _page([f"#{number} {each.title}", f"{state}, by {each.author}"])
    raise NotFound("pull request")


@bp.get("/runs/<int:run_id>")
def run(owner: str, name: str, run_id: int) -> Response:
    """Show a check run."""
    for each in world().github.check_runs[_get(owner, name).full_name]:
        if each.id == run_id:
            return _page([f"{each.name}: {each.conclusion or each.status}", each.title or ""])
    raise NotFound("check run")


@bp.get("/deployments")
def deployments(owner: str, name: str) -> Response:
    """Show the deployments, newest first, each with what was said of it."""
    lines = []
    for each in reversed(world().github.deployments[_get(owner, name).full_name]):
        lines.append(f"{each.environment}: {each.sha[:7]} {each.description or ''}")
        lines += [f"  {status.state} {status.description}" for status in each.statuses]
    return _page(lines)


def _get(owner: str, name: str) -> Repository:
    return repositories.get(world(), f"{owner}/{name}")


def _line(commit: Commit) -> str:
    return f"{commit.sha[:7]} {commit.message.splitlines()[0]} ({commit.author})"


def _page(lines: list[str]) -> Response:
    return Response("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8")
