"""A client of GitHub's REST API: one method a call where nothing else is said, each sent once."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, cast
from urllib.parse import urlencode

import httpx

from listener.github.answers import Answers
from listener.github.credentials import App, Credentials, Keyring, OneToken
from listener.github.errors import BadAnswer, Doubtful, Refused
from listener.github.installations import Installations
from listener.github.names import URL, checked_repo, checked_sha, is_link
from listener.github.resources import (
    LONGEST_DESCRIPTION,
    LONGEST_NAME,
    CheckRun,
    CheckSuite,
    Comparison,
    Deployment,
    DeploymentStatus,
    Identity,
    Pull,
    Repository,
    Status,
    read_list,
    read_page,
)
from listener.github.session import Bearer, Wire
from listener.outbound.http import BoundedTransport, trusted
from listener.outbound.server import HttpAnswer

T = TypeVar("T")

USER_AGENT = "heroku-autopromote"
LONGEST_PAGE = 100
MOST_PAGES = 10
NOT_MODIFIED, UNAUTHORIZED = 304, 401
# What may be megabytes, and is dropped while it is read: what the commits of a comparison change,
# what is said in pull requests, what checks print.
_OF_COMPARISON = frozenset({"files", "patch", "verification", "base_commit", "merge_base_commit"})
_OF_PULLS = frozenset({"body", "base", "head", "labels", "milestone", "_links"})
_OF_RUNS = frozenset({"output", "pull_requests", "repository", "head_commit"})


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The seconds that a whole exchange may take, and all pages of one list together."""

    call: float = 10.0
    walk: float = 30.0


DEADLINES = Deadlines()


class GitHub:
    """GitHub as one token or App sees it; threads may share it.

    Nothing is tried twice, no redirect followed. Every method raises `GitHubError`s: `NotSent`,
    `RateLimited`, `Refused`, `Doubtful`; a read that lacks something also `BadAnswer`. A
    repository is named by its owner and its name, like acme/shop.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        url: str = URL,
        transport: httpx.BaseTransport | None = None,
        user_agent: str = USER_AGENT,
        deadlines: Deadlines = DEADLINES,
    ) -> None:
        ssl_context = trusted() if url.startswith("https:") else None
        direct = transport or BoundedTransport(ssl_context=ssl_context)
        self._deadlines = deadlines
        self._url = url
        self._wire = Wire(url=url, transport=direct, user_agent=user_agent, seconds=deadlines.call)
        self._credentials = credentials
        self._keys = self._keyring(credentials)
        self._answers = Answers()

    @property
    def is_app(self) -> bool:
        """Whether it asks as an App, and not with a token."""
        return isinstance(self._credentials, App)

    def link(self, url: str | None) -> str | None:
        """Return a link that GitHub told, if it leads to the web of this very GitHub."""
        return url if url is not None and is_link(url, self._url) else None

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def viewer(self) -> Identity:
        """Read who we are, and what we may do, as far as GitHub tells it."""
        bearer = self._keys.own()
        if isinstance(self._credentials, App):
            return Identity.from_app(self._wire.get("/app", bearer).json())
        answer = self._wire.get("/user", bearer)
        return Identity.from_user(
            answer.json(),
            answer.headers.get("x-oauth-scopes"),
            is_fine_grained=self._credentials.is_fine_grained,
        )

    def compare(self, repo: str, base: str, head: str, *, most: int = 1000) -> Comparison:
        """Read how a head stands to a base, with `most` commits; a call for each hundred."""
        path = f"{_repo(repo)}/compare/{checked_sha(base)}...{checked_sha(head)}"
        until = time.monotonic() + self._deadlines.walk
        first = self._compared(repo, path, 1, until)
        found = {commit.sha: commit for commit in first.commits}
        for number in range(2, math.ceil(min(first.ahead_by, most) / LONGEST_PAGE) + 1):
            page = self._compared(repo, path, number, until)
            if all(commit.sha in found for commit in page.commits):
                break
            found |= {commit.sha: commit for commit in page.commits}
        return replace(first, commits=tuple(found.values())[:most])

    def recent_pulls(self, repo: str) -> tuple[Pull, ...]:
        """List the hundred pull requests that were closed and updated last."""
        asked = {"state": "closed", "sort": "updated", "direction": "desc"}
        return self._listed(
            repo, f"{_repo(repo)}/pulls", asked, "pulls", Pull.from_json, without=_OF_PULLS
        )

    def check_runs(self, repo: str, sha: str) -> tuple[CheckRun, ...]:
        """List the check runs of a commit, the latest of each name in each suite; up to ten calls.

        More of them than that raise BadAnswer: nobody could say that all of them are known.
        """
        path = f"{_commit(repo, sha)}/check-runs"
        runs = self._walked(repo, path, {"filter": "latest"}, "check_runs", CheckRun.from_json)
        latest = {_place(run): run for run in sorted(runs, key=lambda run: run.id)}
        return tuple(latest.values())

    def check_suites(self, repo: str, sha: str) -> tuple[CheckSuite, ...]:
        """List the check suites of a commit, also those without a run; up to ten calls."""
        path = f"{_commit(repo, sha)}/check-suites"
        return self._walked(repo, path, {}, "check_suites", CheckSuite.from_json)

    def statuses(self, repo: str, sha: str) -> tuple[Status, ...]:
        """List the statuses of a commit, the latest of each context; up to ten calls."""
        path = f"{_commit(repo, sha)}/status"
        return self._walked(repo, path, {}, "statuses", Status.from_json)

    def deployments(self, repo: str, *, environment: str, sha: str) -> tuple[Deployment, ...]:
        """List the deployments of a commit to an environment, newest first, a hundred at most."""
        asked = {"environment": environment, "sha": checked_sha(sha)}
        path = f"{_repo(repo)}/deployments"
        return self._listed(repo, path, asked, "deployments", Deployment.from_json)

    def deployment_statuses(self, repo: str, id: int) -> tuple[DeploymentStatus, ...]:
        """List what was said of a deployment, newest first, a hundred at most."""
        path = f"{_repo(repo)}/deployments/{id:d}/statuses"
        return self._listed(repo, path, {}, "statuses", DeploymentStatus.from_json)

    def repository(self, repo: str) -> Repository:
        """Read a repository."""
        return self._read(repo, _repo(repo), Repository.from_json)

    def create_deployment(
        self,
        repo: str,
        *,
        ref: str,
        environment: str,
        payload: Mapping[str, str],
        description: str,
        auto_merge: bool = False,
        required_contexts: Sequence[str] = (),
        send_by: float | None = None,
    ) -> Deployment:
        """Tell of a deployment. Nothing is merged, and no check asked for, by default."""
        body = {
            "ref": checked_sha(ref),
            "environment": environment,
            "payload": dict(payload),
            "description": _short(description),
            "auto_merge": auto_merge,
            "required_contexts": list(required_contexts),
        }
        path = f"{_repo(repo)}/deployments"
        return self._write(repo, path, body, Deployment.from_json, send_by)

    def create_deployment_status(
        self,
        repo: str,
        id: int,
        *,
        state: str,
        log_url: str | None = None,
        environment_url: str | None = None,
        description: str = "",
        auto_inactive: bool = False,
        send_by: float | None = None,
    ) -> DeploymentStatus:
        """Say how a deployment stands; it makes no other one inactive by default."""
        links = {"log_url": log_url, "environment_url": environment_url}
        body = {
            "state": state,
            "description": _short(description),
            "auto_inactive": auto_inactive,
            **{name: link for name, link in links.items() if link is not None},
        }
        path = f"{_repo(repo)}/deployments/{id:d}/statuses"
        return self._write(repo, path, body, DeploymentStatus.from_json, send_by)

    def create_commit_status(
        self,
        repo: str,
        sha: str,
        *,
        state: str,
        context: str,
        description: str = "",
        target_url: str | None = None,
        send_by: float | None = None,
    ) -> Status:
        """Say something of a commit, in a context of ours; the last word of each counts."""
        link = {} if target_url is None else {"target_url": target_url}
        body = {"state": state, "context": context, "description": _short(description), **link}
        path = f"{_repo(repo)}/statuses/{checked_sha(sha)}"
        return self._write(repo, path, body, Status.from_json, send_by)

    def _keyring(self, credentials: Credentials) -> Keyring:
        if not isinstance(credentials, App):
            return OneToken(credentials)
        return Installations(credentials, self._wire, seconds=self._deadlines.call)

    def _compared(self, repo: str, path: str, number: int, until: float) -> Comparison:
        # Not kept: two commits are compared once.
        asked = urlencode({"per_page": LONGEST_PAGE, "page": number})
        answer = self._get(repo, f"{path}?{asked}", seconds=until - time.monotonic())
        return Comparison.from_json(answer.json(without=_OF_COMPARISON))

    def _walked(
        self, repo: str, path: str, asked: Mapping[str, str], key: str, make: Callable[[object], T]
    ) -> tuple[T, ...]:
        """Read a list to its end. Raises BadAnswer if it is longer than what we take."""
        until = time.monotonic() + self._deadlines.walk
        found: list[T] = []
        for number in range(1, MOST_PAGES + 1):
            query = urlencode({**asked, "per_page": LONGEST_PAGE, "page": number})
            page = self._read(
                repo,
                f"{path}?{query}",
                lambda value: read_page(value, key, make),
                seconds=until - time.monotonic(),
                without=_OF_RUNS,
            )
            found += page.elements
            if len(found) >= page.total:
                return tuple(found)
            if not page.elements:
                raise BadAnswer(f"GitHub's list of {key} ends before its end.")
        raise BadAnswer(f"GitHub has more than {MOST_PAGES * LONGEST_PAGE} {key}.")

    def _listed(
        self,
        repo: str,
        path: str,
        asked: Mapping[str, str],
        kind: str,
        make: Callable[[object], T],
        *,
        without: Collection[str] = (),
    ) -> tuple[T, ...]:
        path = f"{path}?{urlencode({**asked, 'per_page': LONGEST_PAGE})}"
        return self._read(repo, path, lambda value: read_list(kind, value, make), without=without)

    def _read(
        self,
        repo: str,
        path: str,
        make: Callable[[object], T],
        *,
        seconds: float = math.inf,
        without: Collection[str] = (),
    ) -> T:
        """Read a path; what was read before counts, if GitHub says that it is still so."""
        kept = self._answers.get(path)
        answer = self._get(repo, path, etag=kept[0] if kept else None, seconds=seconds)
        if answer.status == NOT_MODIFIED and kept:
            return cast("T", kept[1])
        value = make(answer.json(without=without))
        self._answers.put(path, answer.headers.get("etag", ""), value)
        return value

    def _get(
        self, repo: str, path: str, *, etag: str | None = None, seconds: float = math.inf
    ) -> HttpAnswer:
        with self._asking(repo) as bearer:
            return self._wire.get(path, bearer, etag=etag, seconds=seconds)

    def _write(
        self,
        repo: str,
        path: str,
        body: Mapping[str, object],
        make: Callable[[object], T],
        send_by: float | None,
    ) -> T:
        with self._asking(repo) as bearer:
            answer = self._wire.post(path, bearer, body, send_by=send_by)
        try:
            return make(answer.json())
        except BadAnswer as error:
            # GitHub said yes, but not to what: on a write that is a doubt like any other.
            raise Doubtful(error.message, status=answer.status) from error

    @contextlib.contextmanager
    def _asking(self, repo: str) -> Iterator[Bearer]:
        bearer = self._keys.of(repo)
        try:
            yield bearer
        except Refused as error:
            if error.status == UNAUTHORIZED:
                self._keys.forget(bearer)
            raise


def _repo(repo: str) -> str:
    return f"/repos/{checked_repo(repo)}"


def _commit(repo: str, sha: str) -> str:
    return f"{_repo(repo)}/commits/{checked_sha(sha)}"


def _place(run: CheckRun) -> tuple[int | None, str | None, str, int]:
    """Return what a later run of the same check shares; a name that was cut may be of several."""
    return run.suite, run.app, run.name, run.id if len(run.name) >= LONGEST_NAME else 0


def _short(description: str) -> str:
    if len(description) <= LONGEST_DESCRIPTION:
        return description
    return f"{description[: LONGEST_DESCRIPTION - 1]}…"
