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
LEAST_WITHIN = 4  # letters of a known word that an unknown one may hold


class Body(BaseModel):
    """What a request may say; anything else is refused, naming the nearest word that it may."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        str_max_length=LONGEST_TEXT,
        defer_build=True,  # until it is first read: a process serves some of many
    )


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
    where = cut(".".join(str(part) for part in error["loc"]), LONGEST_WORD)
    if error["type"] == "extra_forbidden":
        if not suggests:
            return f"{where} is unknown."
        known = [field.alias or name for name, field in model.model_fields.items()]
        return _unknown(where, known)
    if error["type"] == "missing":
        return f"{where} is missing."
    message = cut(_words(error).rstrip("."), LONGEST_SENTENCE)
    end = "" if message.endswith("?") else "."
    return f"{where}: {message}{end}" if where else f"{message}{end}"


# What to write, in place of the validator's own words about its types.
_WANTED = {
    "bool_parsing": "write true or false",
    "bool_type": "write true or false",
    "dict_type": "write an object, with names and values",
    "enum": "write {expected}",
    "greater_than_equal": "write a number from {ge} on",
    "int_from_float": "write a whole number",
    "int_parsing": "write a whole number",
    "int_parsing_size": "that number is too large",
    "int_type": "write a whole number",
    "less_than_equal": "write a number up to {le}",
    "list_type": "write a list of texts",
    "literal_error": "write {expected}",
    "model_type": "write an object, with names and values",
    "string_pattern_mismatch": "it has a character that does not belong there",
    "string_too_short": "write {min_length} characters at least",
    "string_too_long": "write {max_length} characters at most",
    "string_type": "write a text",
    "string_unicode": "write a text",
    "too_long": "write {max_length} of them at most",
    "too_short": "write {min_length} of them at least",
    "tuple_type": "write a list of texts",
}


def _words(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["type"] in ("string_too_short", "too_short") and context["min_length"] == 1:
        return "it is empty"
    wanted = _WANTED.get(error["type"])
    return wanted.format(**context) if wanted else error["msg"].removeprefix("Value error, ")


def _unknown(word: str, known: list[str]) -> str:
    """Say that a word is unknown, and which may be meant, if one is near."""
    if not known:
        return f"{word} is unknown: nothing is to be said here."
    near = get_close_matches(word, known, n=1)
    within = [each for each in known if len(each) >= LEAST_WITHIN and each in word.casefold()]
    if meant := (near or within)[:1]:
        return f"{word} is unknown; the nearest known is {meant[0]}."
    return f"{word} is unknown."


def cut(text: str, most: int) -> str:
    """Return the beginning of a text, for an error message."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
