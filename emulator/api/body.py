"""What stands in the body of a request."""

from typing import Any

from flask import request

from emulator.errors import BadRequest, InvalidParams
from emulator.records import Json


def read_body() -> Json:
    """The object in the body; an empty body is an empty object."""
    if not request.get_data(cache=True):
        return {}
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise BadRequest("Unable to parse the JSON in the request, please check that it is valid.")
    return body


def read_known(*names: str) -> Json:
    """The object in the body, if nothing is in it that the API does not know of."""
    body = read_body()
    if unknown := sorted(body.keys() - set(names)):
        raise InvalidParams(f"Unknown params: {', '.join(unknown)}.")
    return body


def text_of(body: Json, name: str) -> str:
    """A text that must be there."""
    value = body.get(name)
    if value is None or value == "":
        raise InvalidParams(f"Require params: {name}.")
    if not isinstance(value, str):
        raise InvalidParams(f'Invalid type for key "{name}": expected {value} to be ["string"].')
    return value


def optional_text_of(body: Json, name: str) -> str | None:
    """A text, or nothing."""
    return None if body.get(name) is None else text_of(body, name)


def id_in(body: Json, *names: str) -> str:
    """The id of what is nested under these names."""
    value: Any = body
    for name in (*names, "id"):
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, str):
        raise InvalidParams(f"Require params: {'.'.join(names)}.id.")
    return value
