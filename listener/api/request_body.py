"""What a request carries: its bytes, within bounds of size, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, from_json
from werkzeug.exceptions import RequestEntityTooLarge

from listener.errors import Invalid, Malformed, told
from listener.web.limits import KIB, MIB

P = ParamSpec("P")
R = TypeVar("R")
LONGEST_TEXT = 4096
LARGEST, LARGEST_FILE, LARGEST_FORM = 64 * KIB, MIB, 8 * KIB  # bytes of a body
BYTES_A_PART = 32  # so that of the largest body, too, all is judged in some milliseconds
MOST_SUGGESTIONS, LONGEST_WORD, LONGEST_SENTENCE = 3, 60, 500


class Body(BaseModel):
    """What a request may say; anything else is refused, naming the nearest word that it may."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=LONGEST_TEXT)


B = TypeVar("B", bound=Body)


def takes(
    model: type[B], *, most: int = LARGEST
) -> Callable[[Callable[Concatenate[B, P], R]], Callable[P, R]]:
    """Give the view the request's body, read as this model, before its other arguments.

    `most` is how many bytes it may have.
    """

    def wrap(view: Callable[Concatenate[B, P], R]) -> Callable[P, R]:
        @wraps(view)
        def reading(*args: P.args, **kwargs: P.kwargs) -> R:
            return view(read(model, most), *args, **kwargs)

        reading.takes = model  # type: ignore[attr-defined]  # read by openapi
        return reading

    return wrap


def read(model: type[B], most: int) -> B:
    """Read the request's body, `most` bytes at most, as this model. Raises Malformed, Invalid."""
    try:
        said = from_json(content(most) or b"{}", allow_inf_nan=False)
    except ValueError as error:
        message = f"The body is not JSON: {error}."
        raise Malformed(message) from error
    if not isinstance(said, dict):
        message = "The body must be a JSON object."
        raise Invalid(message)
    _check_parts(said, most // BYTES_A_PART)
    try:
        return model.model_validate(said)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise Invalid(told(faults_of(model, found), " ")) from error


def content(most: int = LARGEST) -> bytes:
    """Read the body: so many bytes at most."""
    request.max_content_length = most
    found = request.get_data(cache=False)
    # A chunked body is cut off at the limit without a word: ask whether it goes on.
    if len(found) == most and request.environ["wsgi.input"].read(1):
        raise RequestEntityTooLarge
    return found


def _check_parts(said: dict[str, Any], most: int) -> None:
    """Refuse what would take long to judge. Raises Invalid."""
    left, count = [said], 0
    parts: Iterable[Any]
    while left:
        one: Any = left.pop()
        match one:
            case str():
                # PostgreSQL's texts cannot hold it, though JSON's can.
                if "\0" in one:
                    raise Invalid("A text must not hold the character NUL.")
                continue
            case dict():
                parts = (part for pair in one.items() for part in pair)
            case list():
                parts = one
            case _:
                continue
        count += len(one)
        if count > most:
            raise Invalid(f"The body has more than {most:,} parts.")
        left.extend(parts)


def faults_of(model: type[Body], errors: Iterable[ErrorDetails]) -> Iterator[str]:
    """Say of each field what is wrong with it; for the first few unknown ones, which are known."""
    for number, error in enumerate(errors):
        yield _fault_of(model, error, suggests=number < MOST_SUGGESTIONS)


def _fault_of(model: type[Body], error: ErrorDetails, *, suggests: bool) -> str:
    where = _cut(".".join(str(part) for part in error["loc"]), LONGEST_WORD)
    if error["type"] == "extra_forbidden":
        if not suggests:
            return f"{where} is unknown."
        known = [field.alias or name for name, field in model.model_fields.items()]
        near = get_close_matches(where, known, n=1, cutoff=0.0)
        return f"{where} is unknown; the nearest known is {near[0]}." if near else _nothing(where)
    if error["type"] == "missing":
        return f"{where} is missing."
    message = _cut(error["msg"].removeprefix("Value error, ").rstrip("."), LONGEST_SENTENCE)
    return f"{where}: {message}." if where else f"{message}."


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _nothing(where: str) -> str:
    return f"{where} is unknown: nothing is to be said here."
