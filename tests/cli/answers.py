"""Whole answers of a listener, from the part that a test speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints, is_typeddict

T = TypeVar("T")


def full(shape: type[T], given: Mapping[str, Any]) -> T:
    """Add every key that the type demands, with nothing in it."""
    hints = get_type_hints(shape)
    needed = cast(Any, shape).__required_keys__
    empty = {key: _value(hints[key], None) for key in hints if key in needed and key not in given}
    known = {key: _value(hints.get(key, Any), value) for key, value in given.items()}
    return cast(T, known | empty)


def _value(shape: Any, given: Any) -> Any:
    """Return the value with what it lacks; of nothing, an empty one."""
    parts = get_args(shape) if get_origin(shape) is UnionType else (shape,)
    kind = next(part for part in parts if part is not NoneType)
    if is_typeddict(kind) and (isinstance(given, dict) or (given is None and len(parts) == 1)):
        return full(kind, given or {})
    if get_origin(kind) is list and isinstance(given, list):
        return [_value(get_args(kind)[0], each) for each in given]
    if given is not None or NoneType in parts or kind is Any:
        return given
    return (get_origin(kind) or kind)()
