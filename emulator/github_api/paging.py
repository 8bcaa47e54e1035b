"""Lists page by page: `per_page`, `page`, and the Link header."""

from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import urlencode

from flask import Response, request

from emulator.api.caller import world

T = TypeVar("T")

DEFAULT, MOST = 30, 100


def cut(items: Sequence[T]) -> Sequence[T]:
    """Return the requested page."""
    size, page = _size(), _page()
    return items[(page - 1) * size : page * size]


def link(response: Response, total: int) -> Response:
    """Name the other pages in the Link header, where there are any."""
    page, last = _page(), max(1, -(-total // _size()))
    pages: dict[str, int] = {}
    if page > 1:
        pages |= {"prev": page - 1, "first": 1}
    if page < last:
        pages |= {"next": page + 1, "last": last}
    if pages:
        named = (f'<{_url(number)}>; rel="{name}"' for name, number in pages.items())
        response.headers["Link"] = ", ".join(named)
    return response


def is_asked_for() -> bool:
    """Return whether the caller wants a page."""
    return bool(request.args.keys() & {"page", "per_page"})


def _size() -> int:
    return min(max(request.args.get("per_page", DEFAULT, int), 1), MOST)


def _page() -> int:
    return max(request.args.get("page", 1, int), 1)


def _url(page: int) -> str:
    query = urlencode({**request.args.to_dict(), "page": page})
    return f"{world().url}{request.path}?{query}"
