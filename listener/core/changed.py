"""What a change changed, field by field, from what to what: for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_FIELDS = 40
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Field:
    """A field with its value before and after; None where there was, or is, none."""

    name: str
    before: str | None
    after: str | None


def fields(before: Any, after: Any) -> list[Field]:
    """Return what differs. A value that is no object stands under no name."""
    old, new = _named(before), _named(after)
    found = [
        Field(name, _written(old.get(name)), _written(new.get(name)))
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name)
    ]
    return found[:MOST_FIELDS]


def _named(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    return {} if value is None else {"": value}


def _written(value: Any) -> str | None:
    if value is None:
        return None
    text = _told(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _told(value: Any) -> str:
    """Write a value: of what has a name, that name, and what else there is but its id."""
    match value:
        case str():
            return value
        case list():
            return "; ".join(map(_told, value)) or "none"
        case {"name": str() as name, **others}:
            more = (f"{key} {_told(each)}" for key, each in others.items() if key != "id")
            return ", ".join([name, *more])
        case _:
            return json.dumps(value, ensure_ascii=False)
