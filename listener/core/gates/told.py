"""The facts that a gate saw, in words for people.

Two apps count their releases apart, so a version is told with its app.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from listener.core import duration

MOST = 10  # of a list, such as the commits that a rule stops
SHA = 40
# Which facts of which gate are versions, and of which app.
_OF_SOURCE = {
    "source": {"version", "current", "rolled_back_in"},
    "order": {"candidate", "target_runs", "target_ran", "newer"},
}
_OF_TARGET = {
    "order": {"ran_in", "foreign"},
    "target": {"version", "pending"},
    "same-commit": {"rolled_back_in"},
}
_INNER = {"needs", "reads", "is_asked", "of_rule"}  # its message says these in words


def facts(gate: Mapping[str, Any], *, source: str, target: str) -> str:
    """Return what a stored verdict's gate saw, as one line; empty where it saw nothing."""
    return ", ".join(_facts(gate, source, target))


def _facts(gate: Mapping[str, Any], source: str, target: str) -> Iterator[str]:
    of_source, of_target = _OF_SOURCE.get(gate["name"], set()), _OF_TARGET.get(gate["name"], set())
    for name, value in (gate.get("facts") or {}).items():
        if name in _INNER:
            continue
        app = source if name in of_source else target if name in of_target else None
        is_version = app is not None and isinstance(value, int)
        yield f"{name.replace('_', ' ')} {f'{app} v{value}' if is_version else _shown(value)}"


def _shown(value: object) -> str:
    match value:
        case None:
            return "unknown"
        case bool():
            return "yes" if value else "no"
        case str():
            return _text(value)
        case list():
            more = f" and {len(value) - MOST} more" * (len(value) > MOST)
            return f"{', '.join(map(_shown, value[:MOST])) or 'none'}{more}"
        case _:
            return str(value)


def _text(value: str) -> str:
    if len(value) == SHA and value.isalnum():
        return value[:7]
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return duration.format_moment(moment) if moment.tzinfo is not None else value
