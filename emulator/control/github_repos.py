"""Control API: what people, CI and GitHub itself do at a repository of the fake GitHub."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from emulator import repositories
from emulator.api.body import optional_text_of, read_body, text_of
from emulator.api.caller import world
from emulator.control.body import flag_of, number_of, only, texts_of
from emulator.errors import InvalidParams, NotFound
from emulator.github.errors import Refused
from emulator.github.records import ACTIONS, CI, CheckSuite, PullRequest
from emulator.github_api import checks, hooks
from emulator.github_api.deployments_views import deployment_shape
from emulator.github_api.deployments_views import status_shape as deployment_status_shape
from emulator.github_api.shapes import check_shape, pull_shape, status_shape, suite_shape
from emulator.records import Repository

URL = "/_emulator/github/repos/<owner>/<name>"
bp = Blueprint("control_github_repos", __name__, url_prefix=URL)


@bp.post("/pulls")
def open_pull(owner: str, name: str) -> ResponseReturnValue:
    """Open a pull request, or tell of a merged one.

    `{"title", "author"?, "head"?, "base"?, "commits"?: [SHA], "merge_commit"?: SHA, "closed"?}`:
    one with a merge commit is merged.
    """
    body, repository = read_body(), _get(owner, name)
    only(body, "title", "author", "head", "base", "commits", "merge_commit", "closed")
    commits, merge_commit = texts_of(body, "commits") or [], optional_text_of(body, "merge_commit")
    for sha in (*commits, *filter(None, [merge_commit])):
        _check_commit(repository, sha)
    now, pulls = world().now(), world().github.pulls[repository.full_name]
    merged_at = now if merge_commit else None
    pull = PullRequest(
        id=next(world().github.ids),
        number=len(pulls) + 1,
        title=text_of(body, "title"),
        author=optional_text_of(body, "author") or "ana",
        head=optional_text_of(body, "head") or f"change-{len(pulls) + 1}",
        base=optional_text_of(body, "base") or repository.default_branch,
        commits=tuple(commits),
        created_at=now,
        updated_at=now,
        closed_at=merged_at or (now if flag_of(body, "closed") else None),
        merged_at=merged_at,
        merge_commit=merge_commit,
    )
    pulls.append(pull)
    return jsonify(pull_shape(world(), repository, pull)), 201


@bp.patch("/pulls/<int:number>")
def merge_pull(owner: str, name: str, number: int) -> Response:
    """Merge a pull request as `{"merge_commit"}`, which was pushed."""
    body, repository = read_body(), _get(owner, name)
    only(body, "merge_commit")
    sha, now = _check_commit(repository, text_of(body, "merge_commit")), world().now()
    pulls = world().github.pulls[repository.full_name]
    if not 1 <= number <= len(pulls):
        raise NotFound("pull request")
    pulls[number - 1] = merged = replace(
        pulls[number - 1], merge_commit=sha, updated_at=now, closed_at=now, merged_at=now
    )
    return jsonify(pull_shape(world(), repository, merged))


@bp.post("/checks")
def report_check(owner: str, name: str) -> ResponseReturnValue:
    """Report on a check run, as CI does.

    `{"sha", "name", "status"?, "conclusion"?, "suite"?, "app"?, "title"?, "details_url"?}`: with a
    conclusion it is completed, else in progress unless `status` says queued. A report on a run that
    was completed begins another one.
    """
    body, repository = read_body(), _get(owner, name)
    only(body, "sha", "name", "status", "conclusion", "suite", "app", "title", "details_url")
    conclusion, app = optional_text_of(body, "conclusion"), optional_text_of(body, "app") or ACTIONS
    status = optional_text_of(body, "status") or ("completed" if conclusion else "in_progress")
    _check_outcome(status, conclusion)
    wanted = {
        "sha": _check_commit(repository, text_of(body, "sha")),
        "name": text_of(body, "name"),
        "suite": optional_text_of(body, "suite") or app,
        "app": app,
        "status": status,
        "conclusion": conclusion,
        "title": optional_text_of(body, "title"),
        "details_url": optional_text_of(body, "details_url"),
    }
    run = checks.set_run(world(), repository, wanted)
    return jsonify(check_shape(world(), repository, run)), 201


@bp.post("/suites")
def declare_suite(owner: str, name: str) -> ResponseReturnValue:
    """Say how a check suite stands: `{"sha", "suite", "app"?, "status"?, "conclusion"?, "age"?}`.

    Without a conclusion it is queued, or what `status` says: as one is to which no run was added
    yet, or more will be. `age` are seconds since it was made, if it is new.
    """
    body, repository = read_body(), _get(owner, name)
    only(body, "sha", "suite", "app", "status", "conclusion", "age")
    conclusion = optional_text_of(body, "conclusion")
    status = optional_text_of(body, "status") or ("completed" if conclusion else "queued")
    _check_outcome(status, conclusion, among=checks.SUITE_CONCLUSIONS)
    declared = CheckSuite(
        suite=text_of(body, "suite"),
        sha=_check_commit(repository, text_of(body, "sha")),
        app=optional_text_of(body, "app") or ACTIONS,
        status=status,
        conclusion=conclusion,
        created_at=world().now() - timedelta(seconds=number_of(body, "age") or 0),
    )
    suite = checks.declare_suite(world(), repository, declared)
    return jsonify(suite_shape(world(), repository, suite)), 201


@bp.post("/statuses")
def add_status(owner: str, name: str) -> ResponseReturnValue:
    """Add a commit status: `{"sha", "context", "state", "description"?, "target_url"?}`."""
    body, repository = read_body(), _get(owner, name)
    only(body, "sha", "context", "state", "description", "target_url", "creator")
    sha = _check_commit(repository, text_of(body, "sha"))
    wanted = {
        "context": text_of(body, "context"),
        "state": text_of(body, "state"),
        "description": optional_text_of(body, "description"),
        "target_url": optional_text_of(body, "target_url"),
    }
    try:
        made = checks.add_status(
            world(), repository, sha, wanted, optional_text_of(body, "creator") or "ci"
        )
    except Refused as refused:
        raise InvalidParams(str(refused)) from refused
    return jsonify(status_shape(world(), repository, made)), 201


@bp.get("/deployments")
def deployments(owner: str, name: str) -> Response:
    """Return all deployments with all their statuses, oldest first."""
    repository = _get(owner, name)
    return jsonify(
        [
            deployment_shape(repository, each)
            | {"statuses": [deployment_status_shape(repository, each, s) for s in each.statuses]}
            for each in world().github.deployments[repository.full_name]
        ]
    )


@bp.get("/statuses")
def statuses(owner: str, name: str) -> Response:
    """Return all commit statuses that were set, oldest first, each with its SHA."""
    repository = _get(owner, name)
    return jsonify(
        [
            status_shape(world(), repository, each) | {"sha": each.sha}
            for each in world().github.statuses[repository.full_name]
        ]
    )


@bp.put("/ci")
def set_ci(owner: str, name: str) -> Response:
    """Have each new commit checked: `{"name", "seconds"?, "conclusion"?}`; not any more without.

    The check ends after the seconds, or when a report with the same name says so.
    """
    body, repository = read_body(), _get(owner, name)
    only(body, "name", "seconds", "conclusion")
    check = optional_text_of(body, "name")
    world().github.ci.pop(repository.full_name, None)
    if check is not None:
        conclusion = optional_text_of(body, "conclusion") or "success"
        _check_outcome("completed", conclusion)
        ci = CI(check, number_of(body, "seconds"), conclusion)
        world().github.ci[repository.full_name] = ci
    return jsonify({"name": check})


@bp.put("/moved")
def move(owner: str, name: str) -> Response:
    """Have GitHub answer for this name that the repository is now `{"full_name"}`."""
    body = read_body()
    only(body, "full_name")
    moved = repositories.get(world(), text_of(body, "full_name"))
    world().github.moved[f"{owner}/{name}".lower()] = moved.full_name
    return jsonify({"full_name": moved.full_name})


@bp.put("/webhook")
def set_webhook(owner: str, name: str) -> Response:
    """Set the repository's webhook, `{"url", "secret", "events"?}`, or remove it without a URL."""
    body, repository = read_body(), _get(owner, name)
    only(body, "url", "secret", "events")
    url, events = optional_text_of(body, "url"), texts_of(body, "events") or hooks.EVENTS
    if unknown := set(events) - set(hooks.EVENTS):
        raise InvalidParams(f"Unknown events: {', '.join(sorted(unknown))}.")
    if url is None:
        hooks.remove(world(), repository)
        return jsonify({"id": None})
    made = hooks.set_hook(world(), repository, url, text_of(body, "secret"), tuple(events))
    return jsonify({"id": made.id})


@bp.get("/deliveries")
def deliveries(owner: str, name: str) -> Response:
    """Return all deliveries of the repository's webhook, sent or not."""
    full_name = _get(owner, name).full_name
    own = {hook.id for hook in world().webhooks.values() if hook.repository == full_name}
    found = ((each, world().events[each.event_id]) for each in world().deliveries.values())
    return jsonify(
        [
            {
                "id": delivery.id,
                "status": delivery.status,
                "code": delivery.last_attempt.code if delivery.last_attempt else None,
                "event": event.include,
                "payload": event.payload,
            }
            for delivery, event in found
            if delivery.webhook_id in own
        ]
    )


def _get(owner: str, name: str) -> Repository:
    return repositories.get(world(), f"{owner}/{name}")


def _check_commit(repository: Repository, sha: str) -> str:
    return repositories.find_commit(repository, sha).sha


def _check_outcome(
    status: str, conclusion: str | None, *, among: Collection[str] = checks.CONCLUSIONS
) -> None:
    if status not in checks.RUN_STATUSES:
        raise InvalidParams(f"status must be one of {', '.join(checks.RUN_STATUSES)}.")
    if (status == "completed") != (conclusion is not None):
        raise InvalidParams("A completed check has a conclusion, and no other has one.")
    if conclusion is not None and conclusion not in among:
        raise InvalidParams(f"conclusion must be one of {', '.join(among)}.")
