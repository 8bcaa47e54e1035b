"""Every request has an id, and leaves one line in the log; never a body, a query or a secret."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterable
from http import HTTPStatus

import structlog
from flask import Flask, Response, g, redirect, request
from flask.typing import ResponseReturnValue

from listener.api import auth
from listener.api.answers import is_page
from listener.api.caller import came_by
from listener.api.early import HEALTH
from listener.api.services import services
from listener.approval_links import PATH
from listener.errors import Forbidden, Invalid
from listener.services.walls import PATH as WALL
from listener.web.fast_path import BEGAN_AT

log = structlog.get_logger()

HEADER = "Request-Id"
GIVEN = "X-Request-Id"  # by Heroku's router, so that our line can be found by its line
_USABLE = re.compile(r"[A-Za-z0-9-]{20,200}", re.ASCII)


def begin() -> None:
    """Give the request its id. Raises Invalid where its address holds the character NUL."""
    g.began_at = request.environ.get(BEGAN_AT, time.perf_counter())
    g.request_id = id_from(request.headers.get(GIVEN, ""))
    if "\0" in request.path or any("\0" in text for pair in _arguments() for text in pair):
        message = "An address must not hold the character NUL."
        raise Invalid(message)


def id_from(given: str) -> str:
    """Return the id of a request for which the router gave this one."""
    return given if _USABLE.fullmatch(given) else str(uuid.uuid4())


def _arguments() -> Iterable[tuple[str, str]]:
    return request.args.items(multi=True) if request.query_string else ()


def refuse_plain() -> ResponseReturnValue | None:
    """Answer nothing that came unencrypted: others have read it. A page is found by https.

    Heroku's router says how a request came (HTTP routing: X-Forwarded-Proto). Raises Forbidden.
    """
    if came_by() != "http" or request.path in HEALTH:
        return None
    looks = request.method in ("GET", "HEAD") and is_page()
    if looks and (own := services().context.address()) is not None:
        return redirect(own + request.full_path.rstrip("?"), HTTPStatus.PERMANENT_REDIRECT)
    message = "This came unencrypted: ask by https. A token that was sent is no secret now."
    raise Forbidden(message, id="unencrypted")


def redact(path: str) -> str:
    """Return the path as logs may have it: without the links that open something by themselves."""
    return next((f"{each}…" for each in (PATH, WALL) if path.startswith(each)), path)


def end(response: Response) -> Response:
    """Set the Request-Id and safe headers of the answer, and log the request."""
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.update(safe_headers(g.request_id, services().public_url, came_by()))
    who = g.get("person")
    note(
        request.method,
        redact(request.path),
        response.status_code,
        seconds=time.perf_counter() - g.began_at,
        request_id=g.request_id,
        user=who.email if who is not None else None,
        size=response.content_length,
    )
    return response


def safe_headers(request_id: str, public_url: str | None, came_by: str) -> dict[str, str]:
    """Return the headers that every answer has; where nobody set our URL, it is as one came by."""
    headers = {HEADER: request_id, "X-Content-Type-Options": "nosniff"}
    if (public_url or f"{came_by}:").startswith("https:"):
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


def note(
    method: str,
    path: str,
    status: int,
    *,
    seconds: float,
    request_id: str,
    user: str | None = None,
    size: int | None = None,
) -> None:
    """Write the line of a request."""
    log.info(
        "request",
        method=method,
        path=path,
        status=status,
        ms=round(seconds * 1000),
        request_id=request_id,
        user=user,
        bytes=size,
    )


def init_app(app: Flask) -> None:
    """Run this for every request to the app."""
    app.before_request(begin)
    app.before_request(refuse_plain)
    app.after_request(end)
    app.teardown_request(auth.spend_no_more)
