"""What ships, as the API answers it: beside a promotion, and where one asks before there is one."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from listener.api.answers import Answer, Time
from listener.core import commits as core
from listener.core.commits import Relation
from listener.core.shown import LONGEST_LINE, Shown, line_of


class Commit(Answer):
    """A commit that a promotion brings or takes back."""

    sha: str
    subject: str
    author: str | None
    login: str | None
    at: Time | None
    pull: int | None

    @classmethod
    def of(cls, found: core.Commit) -> Commit:
        """Return a commit, with the first line of its message."""
        return cls(
            sha=found.sha,
            subject=found.subject,
            author=found.author,
            login=found.login,
            at=found.at,
            pull=found.pull,
        )


class Pull(Answer):
    """A pull request that a promotion brings; some are known by their number alone."""

    number: int
    title: str | None
    url: str | None
    author: str | None


class RolledBack(Answer):
    """How the target left the commit that is to come again: what ran it, and the rollback."""

    version: int
    rollback: int

    @classmethod
    def of(cls, left: core.Left | None) -> RolledBack | None:
        """Return how it was left; None where it was not."""
        return cls(version=left.version, rollback=left.rollback) if left is not None else None


class Ships(Answer):
    """What a promotion brings to its target: from which commit to which, and what is between.

    `commits` and `leaves` are the newest 100, told where one promotion or release is asked for.
    """

    from_: Annotated[str | None, Field(alias="from")]
    to: str | None
    is_read: bool
    message: str
    relation: Relation | None
    goes_back: bool | None
    rolled_back: RolledBack | None
    coming: int
    leaving: int
    authors: list[str]
    author_count: int
    pulls: list[Pull]
    pull_count: int
    repository: str | None
    compare_url: str | None
    told_by: str | None
    untold: str | None
    commits: list[Commit] | None = None
    leaves: list[Commit] | None = None

    @classmethod
    def of(cls, ships: Shown, head: str | None = None) -> Ships:
        """Return what ships; `head` is where it goes, as long as that was not read."""
        told: dict[str, list[Commit]] = {}
        if ships.commits is not None and ships.leaves is not None:
            told["commits"] = [Commit.of(each) for each in ships.commits]
            told["leaves"] = [Commit.of(each) for each in ships.leaves]
        return cls(
            from_=ships.base,
            to=ships.head or head,
            is_read=ships.is_read,
            message=line_of(ships.message, most=LONGEST_LINE),
            relation=ships.relation,
            goes_back=ships.goes_back,
            rolled_back=RolledBack.of(ships.left),
            coming=ships.coming,
            leaving=ships.leaving,
            authors=list(ships.authors),
            author_count=ships.author_count,
            pulls=[_pull(each, ships) for each in ships.pulls],
            pull_count=ships.pull_count,
            repository=ships.repository,
            compare_url=ships.compare_url,
            told_by=ships.told_by,
            untold=ships.untold,
            **told,
        )


def _pull(found: core.Pull, ships: Shown) -> Pull:
    url = ships.url_of(found.number)
    return Pull(number=found.number, title=found.title or None, url=url, author=found.author)
