"""Reads the body of a control request, apart from strings."""

from collections.abc import Mapping

from emulator.errors import InvalidParams
from emulator.records import Json


def number_of(body: Mapping[str, object], name: str) -> float | None:
    """Return a number of the body, or None. Raises InvalidParams."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidParams(f"{name} must be a number.")
    return float(value)


def count_of(body: Mapping[str, object], name: str, default: int = 0) -> int:
    """Return a whole number of at least 0. Raises InvalidParams."""
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidParams(f"{name} must be a whole number.")
    return value


def numbers_of(body: Mapping[str, object], name: str) -> frozenset[int]:
    """Return the whole numbers of a list; none if the key is missing. Raises InvalidParams."""
    value = body.get(name) or []
    if not isinstance(value, list) or not all(type(each) is int for each in value):
        raise InvalidParams(f"{name} must be a list of whole numbers.")
    return frozenset(value)


def flag_of(body: Mapping[str, object], name: str) -> bool:
    """Return a boolean; False if the key is missing. Raises InvalidParams."""
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise InvalidParams(f"{name} must be true or false.")
    return value


def texts_of(body: Mapping[str, object], name: str) -> list[str] | None:
    """Return a list of strings, or None. Raises InvalidParams."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidParams(f"{name} must be a list of texts.")
    return value


def object_of(body: Json, name: str) -> Json:
    """Return an object; an empty one if the key is missing. Raises InvalidParams."""
    value = body.get(name) or {}
    if not isinstance(value, dict):
        raise InvalidParams(f"{name} must be an object.")
    return value


def only(body: Mapping[str, object], *known: str) -> None:
    """Raise InvalidParams for other keys than these, so that a typing error in a test is seen."""
    if unknown := body.keys() - set(known):
        raise InvalidParams(f"Unknown: {', '.join(sorted(unknown))}. Known: {', '.join(known)}.")
