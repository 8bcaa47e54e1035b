"""How GitHub shows its things: the fields that its documentation names and a client may read."""

import hashlib
import zlib

from emulator.github.records import App, CheckRun, CheckSuite, CommitStatus, PullRequest, Token
from emulator.github.state import API
from emulator.records import Commit, Json, Repository
from emulator.state import State
from emulator.times import stamp

KNOWN_HOSTS = ("example.com",)  # whose addresses belong to accounts with the same name


def api_url(world: State, repository: Repository) -> str:
    """Return the URL of the repository in the API."""
    return f"{world.url}{API}/repos/{repository.full_name}"


def html_url(world: State, repository: Repository) -> str:
    """Return the URL of the repository for people."""
    return f"{world.url}/{repository.full_name}"


def number_of(text: str) -> int:
    """Return an id that is always the same for this text."""
    return zlib.crc32(text.encode())


def user_shape(world: State, login: str, type: str = "User") -> Json:
    """Return a short user."""
    return {
        "login": login,
        "id": number_of(login),
        "type": "Bot" if login.endswith("[bot]") else type,
        "url": f"{world.url}{API}/users/{login}",
        "html_url": f"{world.url}/{login}",
        "site_admin": False,
    }


def repository_shape(world: State, repository: Repository) -> Json:
    """Return a repository."""
    owner, _, name = repository.full_name.partition("/")
    return {
        "id": number_of(repository.full_name),
        "name": name,
        "full_name": repository.full_name,
        "private": True,
        "owner": user_shape(world, owner, "Organization"),
        "html_url": html_url(world, repository),
        "description": None,
        "fork": False,
        "url": api_url(world, repository),
        "default_branch": repository.default_branch,
        "archived": False,
        "disabled": False,
        "visibility": "private",
    }


def login_of(email: str) -> str | None:
    """Return the account whose address this is, or None: then GitHub knows no author."""
    name, _, host = email.partition("@")
    return name if host in KNOWN_HOSTS else None


def commit_shape(world: State, repository: Repository, commit: Commit) -> Json:
    """Return a commit."""
    api, html = api_url(world, repository), html_url(world, repository)
    login = login_of(commit.email)
    person = {"name": commit.author, "email": commit.email, "date": stamp(commit.at)}
    account = user_shape(world, login) if login else None
    tree = hashlib.sha1(commit.sha.encode(), usedforsecurity=False).hexdigest()
    return {
        "sha": commit.sha,
        "url": f"{api}/commits/{commit.sha}",
        "html_url": f"{html}/commit/{commit.sha}",
        "commit": {
            "author": person,
            "committer": person,
            "message": commit.message,
            "tree": {"sha": tree, "url": f"{api}/git/trees/{tree}"},
            "url": f"{api}/git/commits/{commit.sha}",
            "comment_count": 0,
            "verification": {"verified": False, "reason": "unsigned"},
        },
        "author": account,
        "committer": account,
        "parents": [
            {"sha": sha, "url": f"{api}/commits/{sha}", "html_url": f"{html}/commit/{sha}"}
            for sha in commit.parents
        ],
    }


def file_shape(commit: Commit) -> Json:
    """Return the one file that a commit changes here."""
    name = f"changes/{commit.sha[:7]}.txt"
    return {"filename": name, "status": "added", "additions": 1, "deletions": 0, "changes": 1}


def pull_shape(world: State, repository: Repository, pull: PullRequest) -> Json:
    """Return a pull request."""
    tip = pull.commits[-1] if pull.commits else None
    return {
        "id": pull.id,
        "number": pull.number,
        "title": pull.title,
        "state": pull.state,
        "draft": False,
        "url": f"{api_url(world, repository)}/pulls/{pull.number}",
        "html_url": f"{html_url(world, repository)}/pull/{pull.number}",
        "user": user_shape(world, pull.author),
        "head": {"ref": pull.head, "sha": tip},
        "base": {"ref": pull.base, "sha": repository.branches.get(pull.base)},
        "merge_commit_sha": pull.merge_commit,
        "created_at": stamp(pull.created_at),
        "updated_at": stamp(pull.updated_at),
        "closed_at": stamp(pull.closed_at) if pull.closed_at else None,
        "merged_at": stamp(pull.merged_at) if pull.merged_at else None,
    }


def check_shape(world: State, repository: Repository, run: CheckRun) -> Json:
    """Return a check run."""
    html = f"{html_url(world, repository)}/runs/{run.id}"
    return {
        "id": run.id,
        "name": run.name,
        "head_sha": run.sha,
        "external_id": "",
        "url": f"{api_url(world, repository)}/check-runs/{run.id}",
        "html_url": html,
        "details_url": run.details_url or html,
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": stamp(run.started_at),
        "completed_at": stamp(run.completed_at) if run.completed_at else None,
        "output": {"title": run.title, "summary": None, "text": None, "annotations_count": 0},
        "check_suite": {"id": number_of(f"{run.sha} {run.suite}")},
        "app": {"id": number_of(run.app), "slug": run.app, "name": run.app},
        "pull_requests": [],
    }


def suite_shape(world: State, repository: Repository, suite: CheckSuite) -> Json:
    """Return a check suite."""
    id = number_of(f"{suite.sha} {suite.suite}")
    return {
        "id": id,
        "head_branch": None,
        "head_sha": suite.sha,
        "status": suite.status,
        "conclusion": suite.conclusion,
        "url": f"{api_url(world, repository)}/check-suites/{id}",
        "app": {"id": number_of(suite.app), "slug": suite.app, "name": suite.app},
        "pull_requests": [],
        "created_at": stamp(suite.created_at),
        "updated_at": stamp(suite.created_at),
        "latest_check_runs_count": suite.runs,
    }


def status_shape(world: State, repository: Repository, status: CommitStatus) -> Json:
    """Return the status of a commit as whoever made it is shown it: with its creator."""
    creator = user_shape(world, status.creator)
    return short_status_shape(world, repository, status) | {"creator": creator}


def short_status_shape(world: State, repository: Repository, status: CommitStatus) -> Json:
    """Return the status of a commit as one of all that it has."""
    return {
        "id": status.id,
        "url": f"{api_url(world, repository)}/statuses/{status.sha}",
        "state": status.state,
        "context": status.context,
        "description": status.description,
        "target_url": status.target_url,
        "created_at": stamp(status.created_at),
        "updated_at": stamp(status.created_at),
    }


def app_shape(world: State, app: App) -> Json:
    """Return a GitHub App."""
    return {
        "id": app.id,
        "slug": app.slug,
        "name": app.slug,
        "html_url": f"{world.url}/github-apps/{app.slug}",
        "permissions": dict(app.permissions),
        "installations_count": 1,
    }


def installation_shape(world: State, app: App, owner: str) -> Json:
    """Return the installation of the app."""
    return {
        "id": app.installation_id,
        "app_id": app.id,
        "app_slug": app.slug,
        "account": user_shape(world, owner, "Organization"),
        "target_type": "Organization",
        "repository_selection": "selected",
        "permissions": dict(app.permissions),
        "suspended_at": None,
    }


def token_shape(token: Token) -> Json:
    """Return a new installation token."""
    return {
        "token": token.token,
        "expires_at": stamp(token.expires_at) if token.expires_at else None,
        "permissions": dict(token.permissions or {}),
        "repository_selection": "selected",
    }
