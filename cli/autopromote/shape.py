"""Checks whether an answer has the expected shape."""

from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict


def misfit(answer: object, shape: Any, where: str = "it") -> str | None:
    """Return the place where the answer differs from the shape; None if it fits.

    Keys that the shape does not name are ignored: a newer listener may send more.
    """
    if is_typeddict(shape):
        return misfit_of_object(answer, shape, where)
    if get_origin(shape) is list:
        return misfit_of_list(answer, get_args(shape)[0], where)
    if get_origin(shape) is UnionType:
        misfits = [misfit(answer, part, where) for part in get_args(shape) if part is not NoneType]
        return None if answer is None or None in misfits else misfits[0]
    if shape is float and type(answer) is int:  # JSON has one kind of number
        return None
    return None if shape is Any or isinstance(answer, get_origin(shape) or shape) else where


def misfit_of_object(answer: object, shape: Any, where: str) -> str | None:
    """Find the first key that is missing or does not fit."""
    if not isinstance(answer, dict):
        return where

    for key, part in get_type_hints(shape).items():
        if key not in answer and key in shape.__required_keys__:
            return f"{where}.{key}"
        if key in answer and (found := misfit(answer[key], part, f"{where}.{key}")):
            return found
    return None


def misfit_of_list(answer: object, shape: Any, where: str) -> str | None:
    """Find the first element that does not fit."""
    if not isinstance(answer, list):
        return where
    found = (misfit(element, shape, f"{where}[{index}]") for index, element in enumerate(answer))
    return next((place for place in found if place), None)
