"""What GitHub's API tells of, each read once from JSON into a frozen value.

`from_json` raises `BadAnswer` where something is missing that we need. Texts that people wrote are
cleaned of what could rule a terminal, and cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Self, TypeVar

from listener.github.errors import GITHUB
from listener.github.names import is_sha
from listener.outbound.fields import Fields, Unreadable, loads

T = TypeVar("T")

LONGEST_MESSAGE, LONGEST_NAME, LONGEST_URL = 8000, 200, 2048
LONGEST_DESCRIPTION = 140  # GitHub's own limit of what it shows beside a status
MOST_PARENTS = 100
LARGEST_ID = 2**63 - 1
SCOPE, CHECKS = "repo", "checks: read"
NEEDED = {
    "checks": "read",
    "contents": "read",
    "deployments": "write",
    "pull_requests": "read",
    "statuses": "write",
}
COMPARED = ("ahead", "behind", "diverged", "identical")


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit; its author's name is as the commit has it, the login as GitHub knows it."""

    sha: str
    parents: tuple[str, ...]
    author: str
    login: str | None
    committed_at: datetime | None  # whoever commits sets the clock, so there may be none
    message: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a head stands to a base, and the commits that only the head has, oldest first."""

    status: str  # ahead, behind, diverged, identical
    ahead_by: int
    behind_by: int
    html_url: str | None
    commits: tuple[Commit, ...] = field(default=(), repr=False)

    @property
    def is_complete(self) -> bool:
        """Whether every commit that only the head has is among them."""
        return len(self.commits) == self.ahead_by

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read GitHub's JSON of one page of a comparison."""
        return GITHUB.read("comparison", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        status = fields.text("status")
        if status not in COMPARED:
            raise Unreadable("status is none that we know")
        return cls(
            status=status,
            ahead_by=fields.number("ahead_by", least=0),
            behind_by=fields.number("behind_by", least=0),
            html_url=_url(fields, "html_url"),
            commits=tuple(_commit(each) for each in fields.parts("commits")),
        )


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request that is closed; merged, if it says when."""

    number: int
    title: str
    url: str | None
    author: str | None
    merge_commit_sha: str | None
    merged_at: datetime | None

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read GitHub's JSON of one pull request."""
        return GITHUB.read("pull request", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        merged = "merge_commit_sha"
        return cls(
            number=fields.number("number"),
            title=fields.line("title", limit=LONGEST_NAME),
            url=_url(fields, "html_url"),
            author=_login(fields, "user"),
            merge_commit_sha=_sha(fields, merged) if fields.has(merged) else None,
            merged_at=fields.moment("merged_at") if fields.has("merged_at") else None,
        )


@dataclass(frozen=True, slots=True)
class CheckRun:
    """One check of a commit. Status and conclusion are GitHub's words; new ones may come."""

    id: int
    name: str
    status: str
    conclusion: str | None
    url: str | None
    app: str | None
    started_at: datetime | None
    completed_at: datetime | None
    suite: int | None  # that it is of: each workflow has one of its own

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read GitHub's JSON of one check run."""
        return GITHUB.read("check run", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        return cls(
            id=fields.number("id", most=LARGEST_ID),
            name=_named(fields, "name"),
            status=fields.text("status"),
            conclusion=fields.text("conclusion") if fields.has("conclusion") else None,
            url=_url(fields, "html_url") or _url(fields, "details_url"),
            app=fields.part("app").line("slug", limit=LONGEST_NAME) if fields.has("app") else None,
            started_at=_moment(fields, "started_at"),
            completed_at=_moment(fields, "completed_at"),
            suite=_id_in(fields, "check_suite"),
        )


@dataclass(frozen=True, slots=True)
class CheckSuite:
    """The check runs of one app on a commit; of GitHub Actions, those of one workflow.

    GitHub makes one for each App that reads checks, and many of these never get a run.
    """

    id: int
    status: str
    conclusion: str | None
    app: str | None
    app_name: str
    runs: int
    created_at: datetime | None

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read GitHub's JSON of one check suite."""
        return GITHUB.read("check suite", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        app = fields.part("app") if fields.has("app") else None
        return cls(
            id=fields.number("id", most=LARGEST_ID),
            status=fields.text("status") if fields.has("status") else "",
            conclusion=fields.text("conclusion") if fields.has("conclusion") else None,
            app=app.line("slug", limit=LONGEST_NAME) if app else None,
            app_name=app.line("name", limit=LONGEST_NAME) if app else "",
            runs=fields.number("latest_check_runs_count", least=0),
            created_at=_moment(fields, "created_at"),
        )


@dataclass(frozen=True, slots=True)
class Status:
    """The latest word of one context on a commit. GitHub seldom tells its creator."""

    context: str
    state: str  # error, failure, pending, success
    target_url: str | None
    description: str
    creator: str | None

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read GitHub's JSON of one status."""
        return GITHUB.read("status", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        return cls(
            context=_named(fields, "context"),
            state=fields.text("state"),
            target_url=_url(fields, "target_url"),
            description=fields.line("description", limit=LONGEST_NAME),
            creator=_login(fields, "creator"),
        )


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment of a commit to an environment; of its payload, the texts."""

    id: int
    sha: str
    environment: str
    creator: str | None
    payload: Mapping[str, str] = field(repr=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read GitHub's JSON of one deployment."""
        return GITHUB.read("deployment", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        return cls(
            id=fields.number("id", most=LARGEST_ID),
            sha=_sha(fields),
            environment=fields.line("environment", limit=LONGEST_NAME),
            creator=_login(fields, "creator"),
            payload=_payload(fields),
        )


@dataclass(frozen=True, slots=True)
class DeploymentStatus:
    """How a deployment is said to stand."""

    id: int
    state: str  # error, failure, inactive, in_progress, queued, pending, success
    description: str
    log_url: str | None
    environment_url: str | None
    creator: str | None

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read GitHub's JSON of one deployment status."""
        return GITHUB.read("deployment status", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        return cls(
            id=fields.number("id", most=LARGEST_ID),
            state=fields.text("state"),
            description=fields.line("description", limit=LONGEST_NAME),
            log_url=_url(fields, "log_url"),
            environment_url=_url(fields, "environment_url"),
            creator=_login(fields, "creator"),
        )


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository, as far as the credentials see it."""

    id: int
    full_name: str
    html_url: str | None
    default_branch: str
    is_private: bool
    is_archived: bool

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read GitHub's JSON of one repository."""
        return GITHUB.read("repository", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        return cls(
            id=fields.number("id", most=LARGEST_ID),
            full_name=fields.text("full_name"),
            html_url=_url(fields, "html_url"),
            default_branch=fields.line("default_branch", limit=LONGEST_NAME),
            is_private=fields.flag("private"),
            is_archived=fields.flag("archived"),
        )


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are at GitHub, and what we may do there, as far as that is told.

    Of a classic token GitHub tells the scopes, of an App the permissions; of a fine-grained token
    neither, but none of these may read check runs (github.com/orgs/community/discussions/179545).
    """

    login: str
    scopes: tuple[str, ...] | None = None
    permissions: Mapping[str, str] | None = None
    is_fine_grained: bool = False

    @property
    def lacks(self) -> tuple[str, ...]:
        """What is missing for all that we ask of GitHub, in its own words."""
        if self.permissions is not None:
            found = [f"{name}: {has}" for name, has in NEEDED.items() if not self._may(name, has)]
            return tuple(found)
        if self.is_fine_grained:
            return (CHECKS,)
        return () if self.scopes is None or SCOPE in self.scopes else (SCOPE,)

    def _may(self, name: str, needed: str) -> bool:
        return (self.permissions or {}).get(name) in {needed, "write", "admin"}

    @classmethod
    def from_user(cls, value: object, scopes: str | None, *, is_fine_grained: bool = False) -> Self:
        """Read GitHub's JSON of the user whom a token belongs to."""
        told = None if scopes is None else tuple(scopes.replace(",", " ").split())
        login = GITHUB.read("user", value, lambda fields: _named(fields, "login"))
        return cls(login, told, is_fine_grained=is_fine_grained)

    @staticmethod
    def from_app(value: object) -> Identity:
        """Read GitHub's JSON of an App, which acts under a name of its own."""

        def made_of(fields: Fields) -> Identity:
            given = fields.entries("permissions")
            may = {name: word for name, word in given.items() if isinstance(word, str)}
            return Identity(f"{_named(fields, 'slug')}[bot]", permissions=may)

        return GITHUB.read("App", value, made_of)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some elements of a list, and how many GitHub says there are in all."""

    total: int
    elements: tuple[T, ...]


def read_page(value: object, key: str, make: Callable[[object], T]) -> Page[T]:
    """Read a list that stands under a key, with its total."""

    def made_of(fields: Fields) -> Page[T]:
        return Page(fields.number("total_count", least=0), fields.items(key, make))

    return GITHUB.read(f"list of {key}", value, made_of)


def read_list(kind: str, value: object, make: Callable[[object], T]) -> tuple[T, ...]:
    """Read every element of a list. Raises BadAnswer."""
    return GITHUB.read(f"list of {kind}", {kind: value}, lambda fields: fields.items(kind, make))


def _commit(fields: Fields) -> Commit:
    commit = fields.part("commit")
    author = commit.part("author") if commit.has("author") else None
    return Commit(
        sha=_sha(fields),
        parents=tuple(_sha(each) for each in fields.parts("parents")[:MOST_PARENTS]),
        author=author.line("name", limit=LONGEST_NAME) if author else "",
        login=_login(fields, "author"),
        committed_at=_moment(commit.part("committer")) if commit.has("committer") else None,
        message=commit.prose("message", limit=LONGEST_MESSAGE),
    )


def _sha(fields: Fields, key: str = "sha") -> str:
    sha = fields.text(key)
    if len(sha) >= 40 and is_sha(sha):
        return sha
    raise Unreadable(f"{key} is not a SHA")


def _named(fields: Fields, key: str) -> str:
    name = fields.line(key, limit=LONGEST_NAME)
    if name:
        return name
    raise Unreadable(f"{key} is not a name")


def _id_in(fields: Fields, key: str) -> int | None:
    return fields.part(key).number("id", most=LARGEST_ID) if fields.has(key) else None


def _login(fields: Fields, key: str) -> str | None:
    """Return the login of a user; none is known for one who is no user, or is one no more."""
    return fields.part(key).line("login", limit=LONGEST_NAME) or None if fields.has(key) else None


def _url(fields: Fields, key: str) -> str | None:
    """Return a link that may be shown; None where it is none of the web, or too long."""
    url = fields.words(key) or ""
    is_link = url.startswith(("https://", "http://")) and url.isascii() and url.isprintable()
    return url if is_link and " " not in url and len(url) <= LONGEST_URL else None


def _moment(fields: Fields, key: str = "date") -> datetime | None:
    try:
        return fields.moment(key)
    except Unreadable:
        return None


def _payload(fields: Fields) -> Mapping[str, str]:
    """Return the texts of a payload, which GitHub shows as an object or as JSON in a text."""
    if (written := fields.words("payload")) is not None:
        try:
            fields = Fields({"payload": loads(written.encode())})
        except Unreadable:
            return {}
    return {
        name: value
        for name, value in fields.entries("payload").items()
        if isinstance(value, str) and len(name) + len(value) <= LONGEST_NAME
    }
