"""JSON as GitHub's API documents it, shortened to what matters and some that does not."""

from __future__ import annotations

from typing import Any

AT = "2026-11-29T12:00:00Z"


def sha(number: int) -> str:
    """The SHA of a commit of a test."""
    return f"{number:040x}"


def commit(number: int, **changes: Any) -> dict[str, Any]:
    """A commit in a list, as GitHub shows it."""
    person = {"name": "Ana Álvarez", "email": "ana@acme.test", "date": AT}
    inner = {"author": person, "committer": person, "message": f"Change {number}\n\nWhy."}
    return {
        "sha": sha(number),
        "node_id": "C_1",
        "commit": inner | {"tree": {"sha": sha(9)}, "verification": {"verified": False}},
        "author": {"login": "ana", "id": 1, "type": "User"},
        "committer": {"login": "web-flow", "id": 2},
        "parents": [{"sha": sha(number - 1), "url": "https://api.github.com/x"}],
    } | changes


def comparison(*commits: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """One page of a comparison."""
    return {
        "url": "https://api.github.com/repos/acme/shop/compare/a...b",
        "html_url": "https://github.com/acme/shop/compare/a...b",
        "base_commit": commit(0),
        "merge_base_commit": commit(0),
        "status": "ahead",
        "ahead_by": len(commits),
        "behind_by": 0,
        "total_commits": len(commits),
        "commits": list(commits),
        "files": [{"sha": sha(7), "filename": "shop.py", "status": "modified", "patch": "+1"}],
    } | changes


def pull(number: int, **changes: Any) -> dict[str, Any]:
    """A closed pull request in a list."""
    return {
        "number": number,
        "state": "closed",
        "title": f"Pull {number}",
        "html_url": f"https://github.com/acme/shop/pull/{number}",
        "user": {"login": "ben", "id": 3},
        "body": "Long words.",
        "merge_commit_sha": sha(number),
        "merged_at": AT,
        "head": {"ref": "topic"},
        "base": {"ref": "main"},
    } | changes


def check_run(id: int, name: str = "test", **changes: Any) -> dict[str, Any]:
    """A check run."""
    return {
        "id": id,
        "name": name,
        "head_sha": sha(1),
        "status": "completed",
        "conclusion": "success",
        "html_url": f"https://github.com/acme/shop/runs/{id}",
        "details_url": "https://ci.test/1",
        "started_at": AT,
        "completed_at": AT,
        "output": {"title": "ok", "summary": "x", "annotations_count": 0},
        "app": {"id": 15368, "slug": "github-actions", "name": "GitHub Actions"},
        "check_suite": {"id": 7},
    } | changes


def runs(*each: dict[str, Any], total: int | None = None) -> dict[str, Any]:
    """One page of check runs."""
    return {"total_count": len(each) if total is None else total, "check_runs": list(each)}


def suite(id: int, **changes: Any) -> dict[str, Any]:
    """A check suite."""
    return {
        "id": id,
        "head_branch": "main",
        "head_sha": sha(1),
        "status": "completed",
        "conclusion": "success",
        "app": {"id": 15368, "slug": "github-actions", "name": "GitHub Actions"},
        "created_at": AT,
        "updated_at": AT,
        "latest_check_runs_count": 2,
        "repository": {"name": "shop"},
        "head_commit": {"id": sha(1)},
    } | changes


def suites(*each: dict[str, Any]) -> dict[str, Any]:
    """One page of check suites."""
    return {"total_count": len(each), "check_suites": list(each)}


def status(context: str = "ci/build", **changes: Any) -> dict[str, Any]:
    """One status of a combined status, which has no creator."""
    return {
        "id": 1,
        "context": context,
        "state": "success",
        "description": "Built.",
        "target_url": "https://ci.test/build/1",
        "created_at": AT,
        "updated_at": AT,
    } | changes


def combined(*each: dict[str, Any], total: int | None = None) -> dict[str, Any]:
    """A combined status."""
    count = len(each) if total is None else total
    return {"state": "success", "sha": sha(1), "total_count": count, "statuses": list(each)}


def deployment(id: int = 42, **changes: Any) -> dict[str, Any]:
    """A deployment."""
    return {
        "id": id,
        "sha": sha(1),
        "ref": sha(1),
        "task": "deploy",
        "payload": {"nonce": "n1"},
        "environment": "production",
        "description": "v42",
        "creator": {"login": "autopromote[bot]", "id": 5},
        "created_at": AT,
    } | changes


def deployment_status(id: int = 7, **changes: Any) -> dict[str, Any]:
    """A status of a deployment."""
    return {
        "id": id,
        "state": "success",
        "description": "Promoted.",
        "log_url": "https://autopromote.test/promotions/1",
        "environment_url": "https://shop.test",
        "creator": {"login": "autopromote[bot]", "id": 5},
    } | changes


def repository(**changes: Any) -> dict[str, Any]:
    """A repository."""
    return {
        "id": 1296269,
        "full_name": "acme/shop",
        "private": True,
        "archived": False,
        "html_url": "https://github.com/acme/shop",
        "default_branch": "main",
    } | changes
