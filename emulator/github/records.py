"""What the fake GitHub stores: frozen values, one class per kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

READ, WRITE = "read", "write"
ACTIONS = "github-actions"


@dataclass(frozen=True, slots=True)
class Token:
    """A personal access token, or the token of an app's installation.

    A classic token has no permissions of its own: it may do all that its owner may.
    """

    token: str = field(repr=False)
    login: str
    permissions: Mapping[str, str] | None
    repositories: frozenset[str] | None = None  # None: all
    expires_at: datetime | None = None
    installation_id: int | None = None

    def may(self, permission: str, level: str) -> bool:
        """Return whether the token has the permission; who may write may read."""
        return self.permissions is None or self.permissions.get(permission) in (level, WRITE)

    def reaches(self, full_name: str) -> bool:
        """Return whether the token is for this repository."""
        return self.repositories is None or full_name in self.repositories


@dataclass(frozen=True, slots=True)
class App:
    """A GitHub App with one installation; its public key checks who says to be the app."""

    id: int
    slug: str
    public_key: RSAPublicKey
    installation_id: int
    repositories: frozenset[str]
    permissions: Mapping[str, str]
    token_seconds: float


@dataclass(frozen=True, slots=True)
class CI:
    """The check that each new commit gets; without `seconds` the control API ends it."""

    name: str
    seconds: float | None
    conclusion: str
    app: str = ACTIONS


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request; `commits` are the SHAs of its branch."""

    id: int
    number: int
    title: str
    author: str
    head: str
    base: str
    commits: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    merge_commit: str | None = None

    @property
    def state(self) -> str:
        """The state as GitHub says it."""
        return "closed" if self.closed_at else "open"


@dataclass(frozen=True, slots=True)
class CheckRun:
    """One run of a check; a later run of the same name in the same suite replaces it."""

    id: int
    suite: str
    name: str
    sha: str
    app: str
    status: str
    conclusion: str | None
    started_at: datetime
    completed_at: datetime | None
    details_url: str | None = None
    title: str | None = None

    @property
    def place(self) -> tuple[str, str, str]:
        """The commit, the suite and the name, of which the latest run counts."""
        return (self.sha, self.suite, self.name)


@dataclass(frozen=True, slots=True)
class CheckSuite:
    """The runs of one app or workflow on a commit; it may have none, and stay so for ever."""

    suite: str
    sha: str
    app: str
    status: str
    conclusion: str | None
    created_at: datetime
    runs: int = 0


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """One word on a commit; the latest of a context counts."""

    id: int
    sha: str
    context: str
    state: str
    description: str | None
    target_url: str | None
    creator: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DeploymentStatus:
    """One word on a deployment."""

    id: int
    state: str
    description: str
    environment: str
    log_url: str
    environment_url: str
    creator: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment of a ref to an environment; its statuses are oldest first."""

    id: int
    sha: str
    ref: str
    task: str
    payload: Any
    environment: str
    description: str | None
    creator: str
    is_transient: bool
    is_production: bool
    created_at: datetime
    updated_at: datetime
    statuses: tuple[DeploymentStatus, ...] = ()

    @property
    def state(self) -> str | None:
        """The state of the latest status."""
        return self.statuses[-1].state if self.statuses else None
