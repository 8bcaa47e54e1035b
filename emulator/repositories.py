"""Git repositories that apps and pipelines are connected to: commits, branches, comparisons."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from emulator.errors import InvalidParams, NotFound
from emulator.records import Commit, Repository
from emulator.state import State

SHORTEST = 7  # characters of an abbreviated SHA


@dataclass(frozen=True, slots=True)
class Wanted:
    """A commit to make; without `parents` it follows the branch's last commit."""

    message: str
    author: str
    sha: str | None = None
    parents: tuple[str, ...] | None = None
    at: datetime | None = None


def ensure(world: State, full_name: str) -> Repository:
    """Return the repository `owner/name`; create it if there is none. Raises InvalidParams."""
    owner, _, name = full_name.partition("/")
    if not owner or not name or "/" in name:
        raise InvalidParams("full_name must be like owner/name.")
    return world.repositories.setdefault(full_name, Repository(full_name))


def get(world: State, full_name: str) -> Repository:
    """Return the repository. Raises NotFound."""
    if full_name not in world.repositories:
        raise NotFound("repository")
    return world.repositories[full_name]


def push(world: State, repository: Repository, branch: str, wanted: Iterable[Wanted]) -> list[str]:
    """Add commits, and set the branch to the last of them; return their SHAs.

    A push whose first commit names other parents than the branch's last commit is a force-push:
    the commits that were left stay known. Raises InvalidParams.
    """
    made = []
    for each in wanted:
        commit = _commit(world, repository, branch, each)
        repository.commits[commit.sha] = commit
        repository.branches[branch] = commit.sha
        made.append(commit.sha)
    return made


def _commit(world: State, repository: Repository, branch: str, wanted: Wanted) -> Commit:
    tip = repository.branches.get(branch)
    parents = wanted.parents if wanted.parents is not None else tuple(filter(None, [tip]))
    if unknown := set(parents) - repository.commits.keys():
        raise InvalidParams(f"{repository.full_name} has no commit {', '.join(sorted(unknown))}.")
    number = f"{repository.full_name} {len(repository.commits)}"
    sha = wanted.sha or hashlib.sha1(number.encode(), usedforsecurity=False).hexdigest()
    name, _, email = wanted.author.partition(" <")
    address = email.rstrip(">") or f"{name}@example.com"
    return Commit(sha, parents, wanted.message, name, address, wanted.at or world.now())


def connect(world: State, resource_id: str, repository: Repository | None) -> None:
    """Connect an app or a pipeline to a repository, or to none."""
    if repository is None:
        world.connected.pop(resource_id, None)
    else:
        world.connected[resource_id] = repository.full_name


def connected(world: State, resource_id: str) -> Repository:
    """Return the repository of an app or pipeline. Raises NotFound if it is connected to none."""
    return get(world, world.connected.get(resource_id, ""))


def find_commit(repository: Repository, ref: str) -> Commit:
    """Return the commit of a branch, a SHA or the start of one. Raises NotFound."""
    sha = repository.branches.get(ref, ref)
    commits = repository.commits.values()
    named = [each for each in commits if len(sha) >= SHORTEST and each.sha.startswith(sha)]
    if len(named) != 1:
        raise NotFound("commit")
    return named[0]
