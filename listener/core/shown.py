"""What people are shown of what ships: who and how much, and the newest commits one by one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from listener.core.commits import (
    Commit,
    Comparison,
    Left,
    Pull,
    Relation,
    authors,
    commit_of,
    short,
)

GITHUB = "https://github.com"
MOST_COMMITS = 100
MOST_NAMED = 50  # people and pull requests
LONGEST_SUBJECT = 300
LONGEST_NAME = 60
MOST_IN_SENTENCE = 3
MOST_IN_NOTICE, LONGEST_IN_NOTICE = 5, 120
LONGEST_LINE = 600
# What could rule a terminal, or show a text in another order than it has.
_RULING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_LINKED = 12  # characters of a SHA in a link, which people see whole; git itself shows fewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one promotion brings to its target, as it is shown: with bounds, and the totals."""

    base: str | None
    head: str | None
    base_artifact: str | None = None  # what its target ran when they were compared
    repository: str | None = None
    web: str = GITHUB  # where the repository's GitHub is for people
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
    def message(self) -> str:
        """What ships in words; whether it goes back comes first."""
        back = [f"it takes back {counted(self.leaving, 'commit')}"] if self.leaving else []
        if self.left is not None:
            ran = f"which ran as v{self.left.version}"
            back.insert(0, f"its target was rolled back from this commit, {ran}")
        if not back:
            return self._coming or "The same commit as before."
        if self.relation is None:
            return f"Goes back: {'; '.join(back)}. {self._coming}"
        comes = [f"it brings {self._coming.rstrip('.')}"] if self.coming else []
        return f"Goes back: {'; '.join([*back, *comes])}."

    @property
    def _coming(self) -> str:
        if self.relation is None:
            return f"Not told: {self.untold}" if self.untold is not None else "Not read yet."
        return f"{counted(self.coming, 'commit')}{self._by}." if self.coming else ""

    @property
    def _by(self) -> str:
        """Who wrote them: three by name."""
        named = self.authors[:MOST_IN_SENTENCE]
        more = self.author_count - len(named)
        others = [counted(more, "other")] if more > 0 else []
        return f" by {listed([*named, *others])}" if named else ""

    def lines(self) -> list[str]:
        """Return what ships as lines of plain text: how much, a few commits, and the link."""
        going = self.leaves if self.leaving else self.commits
        few = (going or ())[:MOST_IN_NOTICE]
        more = (self.leaving or self.coming) - len(few)
        return [
            line_of(f"Ships: {self.message}", most=LONGEST_LINE),
            *(f"- {line_for(each)}" for each in few),
            *([f"- and {more} more"] if few and more > 0 else []),
            *([f"Pull requests: {self._pull_numbers}"] if self.pulls else []),
            *([f"Compare: {self.compare_url}"] if self.compare_url is not None else []),
        ]

    @property
    def _pull_numbers(self) -> str:
        few = [f"#{each.number}" for each in self.pulls[:MOST_IN_NOTICE]]
        more = self.pull_count - len(few)
        return listed([*few, *([f"{more} more"] if more > 0 else [])])

    @property
    def compare_url(self) -> str | None:
        """Where a person sees the commits; of what only goes back, those that leave."""
        if self.repository is None or self.base is None or self.head is None:
            return None
        if self.base == self.head:
            return None
        ends = (self.base[:_LINKED], self.head[:_LINKED])
        older, newer = reversed(ends) if self.relation is Relation.BEHIND else ends
        return self._url("compare", f"{older}...{newer}")

    def url_of(self, pull: int) -> str | None:
        """Where a person sees a pull request of the repository."""
        return self._url("pull", str(pull)) if self.repository is not None else None

    def _url(self, *path: str) -> str:
        """Build a link: what others told becomes parts of its path, never its host."""
        parts = [quote(self.repository or ""), *(quote(each, safe=".") for each in path)]
        return "/".join([self.web, *parts])


def cleaned(commit: Commit) -> Commit:
    """Return a commit with its first line alone, and that, and its people, as harmless lines."""
    subject, pull = line_of(commit.subject, most=LONGEST_SUBJECT), commit.pull
    if pull is not None and replace(commit, message=subject).pull != pull:  # it was cut off
        subject = f"{line_of(subject, most=LONGEST_SUBJECT - 13)} (#{pull})"
    return replace(commit, message=subject, author=_name(commit.author), login=_name(commit.login))


def _name(told: str | None) -> str | None:
    return line_of(told, most=LONGEST_NAME) if told is not None else None


def line_for(commit: Commit) -> str:
    """Return a commit as one line: SHA, subject and author."""
    subject = line_of(commit.subject, most=LONGEST_IN_NOTICE)
    said = f"{short(commit.sha)} {subject}".rstrip()
    return ", ".join([said, *commit.people[:1]])


def line_of(text: str, *, most: int) -> str:
    """Return others' text as one line that rules no terminal and turns no words around, cut."""
    line = " ".join(_RULING.sub(" ", text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def counted(number: int, noun: str) -> str:
    """Return `1 commit`, `2 commits`."""
    return f"{number} {noun}{'s' * (number != 1)}"


def listed(names: Sequence[str]) -> str:
    """Return `ana`, `ana and bo`, `ana, bo and cy`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def summary(found: Comparison) -> dict[str, Any]:
    """Return who wrote what comes, its newest commit and its pull requests.

    `summed_up` and `newest_of` read it.
    """
    people, pulls = authors(found.coming), pulls_of(found)
    newest = cleaned(found.coming[-1]).as_json() if found.coming else None
    return {
        "newest": newest,
        "authors": [line_of(each, most=LONGEST_NAME) for each in people[:MOST_NAMED]],
        "author_count": len(people),
        "pulls": [each.as_json() for each in pulls[:MOST_NAMED]],
        "pull_count": len(pulls),
    }


def summed_up(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Read from a stored comparison, or from one without its commits, what a list shows."""
    said, url = kept.get("shown", {}), kept.get("url")
    # Its host is that of the GitHub that is set up: others were dropped when it was read.
    web = {"web": "/".join(url.split("/")[:3])} if url else {}
    return {
        **web,
        "relation": Relation(kept["relation"]),
        "coming": kept["ahead_by"],
        "leaving": kept["behind_by"],
        "authors": tuple(said.get("authors", ())),
        "author_count": said.get("author_count", 0),
        "pulls": tuple(Pull(**each) for each in said.get("pulls", ())),
        "pull_count": said.get("pull_count", 0),
    }


def newest_of(kept: Mapping[str, Any] | None) -> Commit | None:
    """Read the newest commit that comes, as `summary` or a whole comparison keeps it."""
    return cleaned(commit_of(kept)) if kept else None


_TURNED = {Relation.AHEAD: Relation.BEHIND, Relation.BEHIND: Relation.AHEAD}


def turned(shown: Shown) -> Shown:
    """Return what the way back ships: what came leaves. Who wrote what returns is not told."""
    relation = _TURNED.get(shown.relation, shown.relation) if shown.relation is not None else None
    return replace(
        shown,
        relation=relation,
        coming=shown.leaving,
        leaving=shown.coming,
        commits=shown.leaves,
        leaves=shown.commits,
        authors=(),
        author_count=0,
        pulls=(),
        pull_count=0,
    )


def pulls_of(found: Comparison) -> tuple[Pull, ...]:
    """Return the pull requests that were told, and those that commits name themselves."""
    named = {each.number: each for each in map(_named_by, found.coming) if each is not None}
    told = {each.number: each for each in found.pulls}
    return tuple(
        replace(each, title=line_of(each.title, most=LONGEST_SUBJECT), author=_name(each.author))
        for each in (named | told).values()
    )


def _named_by(commit: Commit) -> Pull | None:
    """Return the pull request that a commit merged, by the texts of a merge and of a squash."""
    number = commit.pull
    if number is None:
        return None
    if not commit.subject.endswith(f"(#{number})"):  # a merge tells the title below
        body = commit.message.strip().partition("\n")[2].strip()
        return Pull(number, body.partition("\n")[0], "")
    title = commit.subject.removesuffix(f"(#{number})").strip()
    return Pull(number, title, "", next(iter(commit.people), None))
