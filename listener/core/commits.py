"""What ships: the commits between what a target runs and what goes there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from listener.core.release import History
from listener.core.rollback import OwnReleases, running, taken_back, went_back

# How a commit that merged a pull request names it: GitHub's own texts of a merge and of a squash.
_MERGED = re.compile(r"\AMerge pull request #(\d{1,9}) ")
_SQUASHED = re.compile(r"\(#(\d{1,9})\)\s*\Z")
SHORT = 7  # characters of a SHA, for people
_SHA = re.compile(r"[0-9a-f]{7,64}", re.ASCII)
# What is kept of a comparison: a message that is cut, or commits left out, make it not whole.
MOST_COMMITS = 1000
LONGEST_MESSAGE = 8000


class Relation(StrEnum):
    """How the commit that goes stands to the one that runs, in GitHub's words."""

    AHEAD = "ahead"
    BEHIND = "behind"
    DIVERGED = "diverged"
    IDENTICAL = "identical"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: who wrote what, when."""

    sha: str
    message: str
    author: str | None = None  # the name in the commit
    login: str | None = None  # at GitHub, where that is told
    at: datetime | None = None

    @property
    def subject(self) -> str:
        """The first line of its message."""
        return self.message.strip().partition("\n")[0].strip()

    @property
    def pull(self) -> int | None:
        """The number of the pull request that it merged, by its own words."""
        found = _MERGED.search(self.subject) or _SQUASHED.search(self.subject)
        return int(found[1]) if found is not None else None

    @property
    def people(self) -> tuple[str, ...]:
        """The names by which its author is known."""
        return tuple(name for name in (self.login, self.author) if name)

    def as_json(self) -> dict[str, Any]:
        """Return what `commit_of` reads."""
        at = self.at.isoformat() if self.at is not None else None
        values = {"sha": self.sha, "message": self.message, "author": self.author}
        return values | {"login": self.login, "at": at}


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request that was merged."""

    number: int
    title: str
    url: str
    author: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what `Pull(**…)` reads."""
        named = {"number": self.number, "title": self.title}
        return named | {"url": self.url, "author": self.author}


def commit_of(kept: Mapping[str, Any]) -> Commit:
    """Read a commit as it was stored."""
    at = kept.get("at")
    moment = datetime.fromisoformat(at) if at else None
    return Commit(kept["sha"], kept["message"], kept.get("author"), kept.get("login"), moment)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The commits between two; they never change, so it is read once."""

    relation: Relation
    coming: tuple[Commit, ...] = ()  # the head has them and the base has not; oldest first
    leaving: tuple[Commit, ...] = ()  # the base has them and the head has not; oldest first
    ahead_by: int = 0
    behind_by: int = 0
    pulls: tuple[Pull, ...] = ()
    url: str | None = None  # where a person sees it

    @property
    def is_whole(self) -> bool:
        """Whether every commit that comes is known, with its message."""
        is_cut = any(len(each.message) >= LONGEST_MESSAGE for each in self.coming)
        return len(self.coming) == self.ahead_by and not is_cut

    def as_json(self) -> dict[str, Any]:
        """Return what `comparison_of` reads."""
        return {
            "relation": self.relation,
            "coming": [each.as_json() for each in self.coming],
            "leaving": [each.as_json() for each in self.leaving],
            "ahead_by": self.ahead_by,
            "behind_by": self.behind_by,
            "pulls": [each.as_json() for each in self.pulls],
            "url": self.url,
        }


def comparison_of(kept: Mapping[str, Any]) -> Comparison:
    """Read a comparison as it was stored."""
    return Comparison(
        relation=Relation(kept["relation"]),
        coming=tuple(commit_of(each) for each in kept["coming"]),
        leaving=tuple(commit_of(each) for each in kept["leaving"]),
        ahead_by=kept["ahead_by"],
        behind_by=kept["behind_by"],
        pulls=tuple(Pull(**each) for each in kept["pulls"]),
        url=kept["url"],
    )


@dataclass(frozen=True, slots=True)
class Left:
    """How a target left a commit that is to come again, built into another artifact."""

    artifact: str  # in which it ran
    version: int  # the last release of the target that ran it
    rollback: int  # the one that took it back


@dataclass(frozen=True, slots=True)
class Shipment:
    """What one promotion brings to its target, as far as somebody tells."""

    head: str | None  # the commit that goes
    base: str | None  # the one that its target ran
    base_artifact: str | None  # and the artifact it was built into
    repository: str | None = None  # at GitHub, as owner/name
    told_by: str | None = None  # heroku, github
    comparison: Comparison | None = None
    untold: str | None = None  # why nothing is told; None while it is being read
    left: Left | None = None  # its target was rolled back from this very commit
    since: datetime | None = None  # it is told, or is not, as it is now, and from this base

    @property
    def is_read(self) -> bool:
        """Whether somebody told it, or said why it cannot be told."""
        return self.comparison is not None or self.untold is not None

    @property
    def goes_back(self) -> bool:
        """Whether the target would lose commits, or gets back one that a rollback took from it."""
        return self.left is not None or self.loses_commits

    @property
    def loses_commits(self) -> bool:
        """Whether what runs has commits that what goes has not."""
        return self.comparison is not None and self.comparison.relation in (
            Relation.BEHIND,
            Relation.DIVERGED,
        )


def why_untold(base: str | None, head: str | None, *, target: str) -> str | None:
    """Say why nobody can tell what ships without a commit at each end; None where both are known.

    `target` is the name of the app that ran the base.
    """
    if head is None:
        return "Heroku names no commit of what goes."
    if base is None:
        return f"Heroku names no commit of what {target} ran before."
    return None


def left_by_rollback(
    history: History,
    own: OwnReleases,
    commits: Mapping[str, str],
    *,
    commit: str,
    artifact: str,
    before: int | None = None,
) -> Left | None:
    """Tell whether a rollback took this commit from a target, to which it comes in a new artifact.

    The last run of the commit decides, in whatever artifact: what came after it by a promotion
    clears the mark. The very artifact of then is another matter: that never returns by itself.
    `history` is the target's, `commits` are those of its artifacts, `before` is the version that
    brought the commit again, where it did.
    """
    now = running(history)
    end = min(before or now.version + 1, now.version + 1) if now is not None else 0
    ran = [r for r in history.releases if r.has_run and r.version < end]
    runs = (r for r in reversed(ran) if r.artifact is not None)
    last = next((r for r in runs if commits.get(r.artifact or "") == commit), None)
    if last is None or last.artifact is None or last.artifact == artifact:
        return None
    after = next((r for r in ran if r.version > last.version), None)
    if after is None or not went_back(after, last.artifact, history, own):
        return None
    return Left(last.artifact, last.version, after.version)


@dataclass(frozen=True, slots=True)
class Block:
    """A commit that a person keeps from being promoted."""

    id: int
    sha: str  # or how it begins, where nobody knew the commit
    reason: str
    by: str
    app_id: str | None = None  # a source or a target; None: every app
    created_at: datetime | None = None

    def stops(self, sha: str) -> bool:
        """Return whether it is this commit, or may be: Heroku shows some by their beginning."""
        return is_same(self.sha, sha)


def left_by_rollbacks(
    history: History, own: OwnReleases, commits: Mapping[str, str], *, artifact: str
) -> dict[str, Left]:
    """Return every commit that a rollback took from a target, as `left_by_rollback` tells of one.

    `artifact` is what is to come.
    """
    were = {commits[each] for each in taken_back(history, own) if each in commits}
    found = {
        sha: left_by_rollback(history, own, commits, commit=sha, artifact=artifact) for sha in were
    }
    return {sha: left for sha, left in found.items() if left is not None}


def authors(commits: Iterable[Commit]) -> tuple[str, ...]:
    """Return who wrote the commits, each once, by the name that GitHub knows best."""
    return tuple(dict.fromkeys(each.people[0] for each in commits if each.people))


def sha_of(commit: str | None) -> str | None:
    """Return the commit of a slug if it is a SHA; Heroku also shows other words there."""
    found = (commit or "").strip().lower()
    return found if _SHA.fullmatch(found) else None


def is_same(one: str, other: str) -> bool:
    """Return whether two SHAs are, or may be, of one commit: Heroku shortens some."""
    return one.startswith(other) or other.startswith(one)


def short(sha: str | None) -> str:
    """Return a SHA as people write it."""
    return sha[:SHORT] if sha else "unknown"
