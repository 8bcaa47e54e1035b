"""What was looked at and compared, as the API answers it: findings and diffs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from listener.difference import Relation
from listener.findings import State
from listener.web import answers


class Finding(answers.Answer):
    """One thing that was looked at: how it is, why that matters, and the command that mends it."""

    name: str
    state: State
    app: answers.Ref | None
    rule: str | None
    message: str
    why: str | None
    mend: str | None
    facts: dict[str, Any]


class ComparedRelease(answers.Release):
    """A release, with who made it and when."""

    description: str
    by: str | None
    created_at: datetime | None


class Compared(answers.Answer):
    """What would go."""

    app: answers.Ref
    release: ComparedRelease
    slug: answers.Slug | None


class Commits(answers.Answer):
    """From what a target runs to what would go."""

    from_: Annotated[str | None, Field(alias="from")]
    to: str | None
    compare_url: str | None


class ProcessTypes(answers.Answer):
    """The names of processes that come and go."""

    added: list[str]
    removed: list[str]


class Change(answers.Answer):
    """What a promotion to one target would change."""

    app: answers.Ref
    release: ComparedRelease | None
    slug: answers.Slug | None
    relation: Relation
    message: str
    commits: Commits
    releases: list[ComparedRelease]
    process_types: ProcessTypes | None
    parity: list[Finding]


class Diff(answers.Answer):
    """What promoting a release would change, target by target."""

    source: Compared
    targets: list[Change]
