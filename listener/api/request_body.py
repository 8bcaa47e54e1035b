"""What a request carries: its bytes, within bounds of size and time, and what they say."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from flask import current_app, request
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, from_json
from werkzeug.exceptions import RequestEntityTooLarge

from listener.errors import Invalid, Malformed

P = ParamSpec("P")
R = TypeVar("R")
LONGEST_TEXT = 4096
SECONDS = 10.0
CONFIG = "BODY_SECONDS"
PIECE, DISCARDED_PIECES = 64 * 1024, 128


class Body(BaseModel):
    """What a request may say; anything else is refused, naming the nearest word that it may."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=LONGEST_TEXT)


B = TypeVar("B", bound=Body)


def takes(model: type[B]) -> Callable[[Callable[Concatenate[B, P], R]], Callable[P, R]]:
    """Give the view the request's body, read as this model, before its other arguments."""

    def wrap(view: Callable[Concatenate[B, P], R]) -> Callable[P, R]:
        @wraps(view)
        def reading(*args: P.args, **kwargs: P.kwargs) -> R:
            return view(read(model), *args, **kwargs)

        reading.takes = model  # type: ignore[attr-defined]  # read by openapi
        return reading

    return wrap


def read(model: type[B]) -> B:
    """Read the request's body as this model. Raises Malformed, Invalid."""
    try:
        said = from_json(content() or b"{}", allow_inf_nan=False)
    except ValueError as error:
        message = f"The body is not JSON: {error}."
        raise Malformed(message) from error
    if not isinstance(said, dict):
        message = "The body must be a JSON object."
        raise Invalid(message)
    if _holds_nul(said):
        message = "A text must not hold the character NUL."
        raise Invalid(message)
    try:
        return model.model_validate(said)
    except ValidationError as error:
        raise Invalid(_sentence(model, error.errors(include_url=False))) from error


def content() -> bytes:
    """Read the body: MAX_CONTENT_LENGTH bytes at most, and within a time limit."""
    with _hurried(request.environ.get("gunicorn.socket")):
        try:
            return _bounded()
        except RequestEntityTooLarge:
            _discard_rest()
            raise


def _bounded() -> bytes:
    found = request.get_data(cache=False)
    # A chunked body is cut off at the limit without a word: ask whether it goes on.
    if len(found) == request.max_content_length and request.environ["wsgi.input"].read(1):
        raise RequestEntityTooLarge
    return found


def _discard_rest() -> None:
    """Let whoever sent somewhat too much read the answer, and use the connection again."""
    unread = request.environ["wsgi.input"]
    for _ in range(DISCARDED_PIECES):
        if not unread.read(PIECE):
            return


@contextmanager
def _hurried(client: socket.socket | None) -> Iterator[None]:
    """Hang up on a client that takes too long to send, so that it holds no thread."""
    if client is None:  # a server that does not lend its sockets
        yield
        return
    timer = threading.Timer(current_app.config.get(CONFIG, SECONDS), _hang_up, [client])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _hang_up(client: socket.socket) -> None:
    with suppress(OSError):  # gone already
        client.shutdown(socket.SHUT_RD)


def _holds_nul(said: Any) -> bool:
    # PostgreSQL's texts cannot hold it, though JSON's can.
    match said:
        case str():
            return "\0" in said
        case dict():
            return any(_holds_nul(part) for pair in said.items() for part in pair)
        case list():
            return any(map(_holds_nul, said))
        case _:
            return False


def _sentence(model: type[Body], errors: list[ErrorDetails]) -> str:
    return " ".join(fault_of(model, error) for error in errors)


def fault_of(model: type[Body], error: ErrorDetails) -> str:
    """Say in a sentence what is wrong with one field of a body."""
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        known = [field.alias or name for name, field in model.model_fields.items()]
        near = get_close_matches(where, known, n=1, cutoff=0.0)
        return f"{where} is unknown; the nearest known is {near[0]}." if near else _nothing(where)
    if error["type"] == "missing":
        return f"{where} is missing."
    message = error["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{where}: {message}." if where else f"{message}."


def _nothing(where: str) -> str:
    return f"{where} is unknown: nothing is to be said here."
