"""What the listener answers about rules that are tried, and files of rules that are planned."""

from typing import Any, NotRequired, TypedDict

from cli.resources import ExplainedRelease, Fate, Named


class FieldChange(TypedDict):
    """What one word of a rule said, and what it is to say."""

    field: str
    before: Any
    after: Any


class Step(TypedDict):
    """What becomes of one rule when a file is applied."""

    id: str | None
    name: str
    action: str
    mode: NotRequired[str | None]
    changes: list[FieldChange]
    cancelled: NotRequired[list[str]]


Freeze = TypedDict(
    "Freeze",
    {
        "id": str | None,
        "action": str,
        "app": Named | None,
        "reason": str,
        "from": str | None,
        "until": str | None,
        "too_late_for": list[str],
    },
)


class Plan(TypedDict):
    """What a file of rules changes, or changed."""

    plan: str
    applied: bool
    rules: list[Step]
    freezes: NotRequired[list[Freeze]]
    warnings: NotRequired[list[str]]
    message: str


class ForecastChange(TypedDict):
    """A release on one target by a rule as it stands, and as it would be changed."""

    release: ExplainedRelease
    target: Named
    differs: bool
    before: Fate | None
    after: Fate | None


class Tried(TypedDict):
    """A rule that is tried; one that is not there yet has no id."""

    id: str | None
    name: str


class Trial(TypedDict):
    """What a change of a rule would do."""

    rule: Tried
    changes: list[FieldChange]
    results: list[ForecastChange]
    message: str
