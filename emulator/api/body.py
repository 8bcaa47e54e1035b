"""Reads the body of a request."""

from typing import Any

from flask import request

from emulator.errors import BadRequest, InvalidParams
from emulator.records import Json


def read_body() -> Json:
    """Return the object in the body; an empty body is an empty object. Raises BadRequest."""
    if not request.get_data(cache=True):
        return {}
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise BadRequest("Unable to parse the JSON in the request, please check that it is valid.")
    return body


def read_known(*names: str) -> Json:
    """Return the object in the body. Raises InvalidParams if it has other keys than these."""
    body = read_body()
    if unknown := sorted(body.keys() - set(names)):
        raise InvalidParams(f"Unknown params: {', '.join(unknown)}.")
    return body


def text_of(body: Json, name: str) -> str:
    """Return a required string of the body. Raises InvalidParams."""
    value = body.get(name)
    if value is None or value == "":
        raise InvalidParams(f"Require params: {name}.")
    if not isinstance(value, str):
        raise InvalidParams(f'Invalid type for key "{name}": expected {value} to be ["string"].')
    return value


def optional_text_of(body: Json, name: str) -> str | None:
    """Return a string of the body, or None. Raises InvalidParams."""
    return None if body.get(name) is None else text_of(body, name)


def id_in(body: Json, *names: str) -> str:
    """Return the `id` nested under these keys. Raises InvalidParams."""
    value: Any = body
    for name in (*names, "id"):
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, str):
        raise InvalidParams(f"Require params: {'.'.join(names)}.id.")
    return value
