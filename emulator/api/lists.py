"""Answers lists page by page, by the Range header."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from flask import Response, jsonify, request

from emulator.ranges import Key, cut, parse
from emulator.records import Json

T = TypeVar("T")


def answer_list(
    items: Sequence[T], keys: Mapping[str, Key[T]], shape: Callable[[T], Json]
) -> Response:
    """Return the requested page: 206 with a Next-Range while there is more, else 200."""
    page = cut(items, parse(request.headers.get("Range"), keys), keys)
    answer = jsonify([shape(item) for item in page.items])
    answer.headers["Accept-Ranges"] = ", ".join(keys)
    answer.headers["Content-Range"] = page.content_range
    if page.next_range is not None:
        answer.status_code = 206
        answer.headers["Next-Range"] = page.next_range
    return answer
