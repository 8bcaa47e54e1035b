"""What people are shown of what ships: who and how much, and the newest commits one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from listener.core.commits import Commit, Comparison, Left, Pull, Relation, authors

GITHUB = "https://github.com"
MOST_COMMITS = 100
MOST_NAMED = 50  # people and pull requests
LONGEST_SUBJECT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one promotion brings to its target, as it is shown: with bounds, and the totals."""

    base: str | None
    head: str | None
    repository: str | None = None
    told_by: str | None = None
    untold: str | None = None  # why
    left: Left | None = None  # its target was rolled back from this very commit
    relation: Relation | None = None
    coming: int = 0
    leaving: int = 0
    authors: tuple[str, ...] = ()
    author_count: int = 0
    pulls: tuple[Pull, ...] = ()
    pull_count: int = 0
    commits: tuple[Commit, ...] | None = None  # newest first; None where they were not asked for
    leaves: tuple[Commit, ...] | None = None

    @property
    def is_read(self) -> bool:
        """Whether somebody told it, or said why it cannot be told."""
        return self.relation is not None or self.untold is not None

    @property
    def goes_back(self) -> bool | None:
        """Whether it loses commits, or gets back one it was rolled back from; None if untold."""
        if self.left is not None:
            return True
        if self.relation is None:
            return None
        return self.relation in (Relation.BEHIND, Relation.DIVERGED)

    @property
    def compare_url(self) -> str | None:
        """Where a person sees the commits; of what only goes back, those that leave."""
        if self.repository is None or self.base is None or self.head is None:
            return None
        if self.base == self.head:
            return None
        ends = (self.base, self.head)
        older, newer = reversed(ends) if self.relation is Relation.BEHIND else ends
        return _url(self.repository, "compare", f"{older}...{newer}")

    def url_of(self, pull: int) -> str | None:
        """Where a person sees a pull request of the repository."""
        return _url(self.repository, "pull", str(pull)) if self.repository is not None else None


def _url(repository: str, *path: str) -> str:
    """Build a link: what others told becomes parts of its path, never its host."""
    return "/".join([GITHUB, quote(repository), *(quote(each, safe=".") for each in path)])


def summary(found: Comparison) -> dict[str, Any]:
    """Return who wrote what comes, and its pull requests, as `summed_up` reads it."""
    people, pulls = authors(found.coming), pulls_of(found)
    return {
        "authors": list(people[:MOST_NAMED]),
        "author_count": len(people),
        "pulls": [each.as_json() for each in pulls[:MOST_NAMED]],
        "pull_count": len(pulls),
    }


def summed_up(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Read from a stored comparison, or from one without its commits, what a list shows."""
    said = kept.get("shown", {})
    return {
        "relation": Relation(kept["relation"]),
        "coming": kept["ahead_by"],
        "leaving": kept["behind_by"],
        "authors": tuple(said.get("authors", ())),
        "author_count": said.get("author_count", 0),
        "pulls": tuple(Pull(**each) for each in said.get("pulls", ())),
        "pull_count": said.get("pull_count", 0),
    }


def pulls_of(found: Comparison) -> tuple[Pull, ...]:
    """Return the pull requests that were told, and those that commits name themselves."""
    named = {each.number: each for each in map(_named_by, found.coming) if each is not None}
    told = {each.number: each for each in found.pulls}
    return tuple((named | told).values())


def _named_by(commit: Commit) -> Pull | None:
    """Return the pull request that a commit merged, by the texts of a merge and of a squash."""
    number = commit.pull
    if number is None:
        return None
    if not commit.subject.endswith(f"(#{number})"):  # a merge tells the title below
        body = commit.message.strip().partition("\n")[2].strip()
        return Pull(number, body.partition("\n")[0].strip()[:LONGEST_SUBJECT], "")
    title = commit.subject.removesuffix(f"(#{number})").strip()
    return Pull(number, title[:LONGEST_SUBJECT], "", next(iter(commit.people), None))
