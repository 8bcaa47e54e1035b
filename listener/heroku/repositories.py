"""What Heroku's repositories API tells of the repository that an app or a pipeline is connected to.

It has no documentation. The fields are those that Heroku's own command line reads (heroku/cli,
branch replace-kolkrabbi-with-repositories-api, 2026-07).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from listener.heroku.errors import HEROKU, BadAnswer
from listener.outbound.fields import Fields, Unreadable

MOST_COMMITS = 1000
LONGEST_MESSAGE = 8000
LONGEST_NAME = 200
_FULL_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,99}/[\w.-]{1,100}", re.ASCII)
_SHA = re.compile(r"[0-9a-f]{7,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class RepositoryCommit:
    """A commit of a repository."""

    sha: str
    message: str
    author: str | None
    committed_at: datetime | None

    @classmethod
    def made_of(cls, fields: Fields) -> Self:
        """Read one commit of a list."""
        commit = fields.part("commit")
        author = commit.part("author") if commit.has("author") else None
        sha = fields.text("sha")
        if not _SHA.fullmatch(sha):
            raise BadAnswer("Heroku showed a commit whose SHA is none.")
        name = (author.words("name") or "")[:LONGEST_NAME] if author is not None else ""
        return cls(
            sha=sha,
            message=(commit.words("message") or "")[:LONGEST_MESSAGE],
            author=name or None,
            committed_at=_date(author) if author is not None else None,
        )


def _date(author: Fields) -> datetime | None:
    """Return when it was made; whoever commits sets the clock, so it may be none."""
    try:
        return author.moment("date")
    except Unreadable:
        return None


@dataclass(frozen=True, slots=True)
class Compared:
    """The commits that one commit has and another has not."""

    ahead_by: int
    commits: tuple[RepositoryCommit, ...]

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read Heroku's JSON of a comparison."""
        return HEROKU.read("comparison", value, cls._made_of)

    @classmethod
    def _made_of(cls, fields: Fields) -> Self:
        found = fields.parts("commits")[:MOST_COMMITS]
        commits = tuple(RepositoryCommit.made_of(each) for each in found)
        return cls(ahead_by=fields.number("ahead_by", least=0), commits=commits)


def full_name(value: object) -> str:
    """Read the owner/name of a repository."""
    name = HEROKU.read("repository", value, lambda fields: fields.text("full_name"))
    if not _FULL_NAME.fullmatch(name):
        raise BadAnswer("Heroku showed a repository whose name is none like owner/name.")
    return name
