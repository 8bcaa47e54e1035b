"""What was looked at and compared, as the API answers it: findings and diffs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from listener.api import schemas
from listener.core.comparison import Relation
from listener.core.finding import State


class Finding(schemas.Answer):
    """One thing that was looked at: how it is, why that matters, and the command that mends it."""

    name: str
    state: State
    app: schemas.Ref | None
    rule: str | None
    message: str
    why: str | None
    mend: str | None
    facts: dict[str, Any]


class ComparedRelease(schemas.Release):
    """A release, with who made it and when."""

    description: str
    by: str | None
    created_at: datetime | None


class Compared(schemas.Answer):
    """What would go."""

    app: schemas.Ref
    release: ComparedRelease
    slug: schemas.Slug | None


class Commits(schemas.Answer):
    """From what a target runs to what would go."""

    from_: Annotated[str | None, Field(alias="from")]
    to: str | None
    compare_url: str | None


class ProcessTypes(schemas.Answer):
    """The names of processes that come and go."""

    added: list[str]
    removed: list[str]


class Change(schemas.Answer):
    """What a promotion to one target would change."""

    app: schemas.Ref
    release: ComparedRelease | None
    slug: schemas.Slug | None
    relation: Relation
    message: str
    commits: Commits
    releases: list[ComparedRelease]
    process_types: ProcessTypes | None
    parity: list[Finding]


class Diff(schemas.Answer):
    """What promoting a release would change, target by target."""

    source: Compared
    targets: list[Change]
