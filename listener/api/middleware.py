"""Every request has an id, and leaves one line in the log; never a body, a query or a secret."""

from __future__ import annotations

import re
import time
import uuid

import structlog
from flask import Flask, Response, g, request

from listener.approval_links import PATH
from listener.errors import Invalid

log = structlog.get_logger()

HEADER = "Request-Id"
GIVEN = "X-Request-Id"  # by Heroku's router, so that our line can be found by its line
_USABLE = re.compile(r"[A-Za-z0-9-]{20,200}", re.ASCII)


def begin() -> None:
    """Name the request, and refuse an address that no text of ours could be."""
    given = request.headers.get(GIVEN, "")
    g.request_id = given if _USABLE.fullmatch(given) else str(uuid.uuid4())
    g.began_at = time.perf_counter()
    said = [request.path, *request.args.keys(), *request.args.values()]
    if any("\0" in text for text in said):
        message = "An address must not hold the character NUL."
        raise Invalid(message)


def redact(path: str) -> str:
    """The path as logs may have it: without the links by which people are invited."""
    return f"{PATH}…" if path.startswith(PATH) else path


def end(response: Response) -> Response:
    """Say which request this answers, and write its line."""
    response.headers[HEADER] = g.request_id
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    who = g.get("person")
    log.info(
        "request",
        method=request.method,
        path=redact(request.path),
        status=response.status_code,
        ms=round((time.perf_counter() - g.began_at) * 1000),
        request_id=g.request_id,
        user=who.email if who is not None else None,
        bytes=response.content_length,
    )
    return response


def init_app(app: Flask) -> None:
    """Do so for every request to this app."""
    app.before_request(begin)
    app.after_request(end)
