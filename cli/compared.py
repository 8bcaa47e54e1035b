"""What the listener answers about what it looked at and compared."""

from typing import Any, NotRequired, TypedDict

from cli.resources import Named, SlugRef


class Finding(TypedDict):
    """One thing that was looked at: how it is, why that matters, and what mends it."""

    name: str
    state: str
    message: str
    why: str | None
    mend: str | None
    app: NotRequired[Named | None]
    rule: NotRequired[str | None]
    facts: NotRequired[dict[str, Any]]


class ComparedRelease(TypedDict):
    """A release, with who made it and when."""

    id: str
    version: int
    description: str
    by: str | None
    created_at: str | None


class Compared(TypedDict):
    """What would go."""

    app: Named
    release: ComparedRelease
    slug: SlugRef | None


# Written as a call, because `from` is no name in Python.
Commits = TypedDict("Commits", {"from": str | None, "to": str | None, "compare_url": str | None})


class ProcessTypes(TypedDict):
    """The names of processes that come and go."""

    added: list[str]
    removed: list[str]


class Change(TypedDict):
    """What a promotion to one target would change."""

    app: Named
    release: ComparedRelease | None
    slug: SlugRef | None
    relation: str
    message: str
    commits: Commits
    releases: list[ComparedRelease]
    process_types: ProcessTypes | None
    parity: list[Finding]


class Diff(TypedDict):
    """What promoting a release would change, target by target."""

    source: Compared
    targets: list[Change]


# As above.
