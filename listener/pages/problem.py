"""What went wrong, as a page for people: what it is, why that may be, and a way on.

`api/errors.py` alone says what went wrong, in JSON. A browser is shown the same as a page.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from listener.api.answers import is_page
from listener.api.services import services
from listener.pages import frame

JSON, HTML = "application/json", "text/html"
KEPT = ("Retry-After", "Allow", "Set-Cookie")
NO_ROLE = {"forbidden", "no_role"}
ROLES = (
    "An admin of this listener gives roles: its settings AUTOPROMOTE_VIEWERS,"
    " AUTOPROMOTE_APPROVERS and AUTOPROMOTE_ADMINS say who has which, and for which apps."
)


@dataclass(frozen=True, slots=True)
class Kind:
    """How people are told of one HTTP status: a title, and why it may be so."""

    title: str
    why: str


OTHER = Kind("Not understood", "The address or the form says something that cannot be.")
KINDS = {
    401: Kind("Not logged in", "Log in again: open the page anew."),
    403: Kind("Not allowed", "Open the page again, and answer there."),
    404: Kind(
        "Not found",
        "The address may be mistyped, or of another listener. What it was about may be deleted by"
        " now, or be of apps that you may not see.",
    ),
    405: Kind("Not a page", "Something is sent to this address; there is nothing to look at."),
    409: Kind(
        "Not possible as things stand",
        "Somebody else may have been faster, or the page stood open for long."
        " Look again before you answer.",
    ),
    410: Kind("Over", "A link is good for its time, or once. It is not needed any more."),
    429: Kind("Too many at once", "Try again in a moment."),
    500: Kind("Something is broken here", "This is a mistake of the listener, and not yours."),
    502: Kind("Heroku does not answer", "Try again. `autopromote doctor` tells more."),
    503: Kind(
        "Not now",
        "Try again in a moment. If it lasts, the log of the listener says what is the matter.",
    ),
}
PASSES = {429, 500, 502, 503}


def shown(answer: Response) -> Response:
    """Make a page of a problem that a browser would be told in JSON."""
    if answer.status_code < 400 or answer.mimetype != JSON or not _is_for_people():
        return answer
    said, status = answer.get_json(), answer.status_code
    kind = KINDS.get(status, OTHER)
    page = frame.sheet(
        "problem.html",
        status,
        asker=g.get("person"),
        code=status,
        title=kind.title,
        message=said["message"],
        why=ROLES if said["id"] in NO_ROLE else kind.why,
        again_in=answer.headers.get("Retry-After"),
        again=_again(status),
        request_id=g.request_id,
        now=services().now(),
    )
    for name in KEPT:
        for value in answer.headers.getlist(name):
            page.headers.add(name, value)
    return frame.guard(page)


def _is_for_people() -> bool:
    """Return whether a page was asked for, or a browser asks for what is not there."""
    if request.url_rule is not None:
        return is_page()
    return request.accept_mimetypes.best_match([JSON, HTML]) == HTML


def _again(status: int) -> str | None:
    """Return the path at which to look again, of a page of ours; None where that is no use."""
    if request.url_rule is None or status in (401, 404, 405, 410):
        return None
    if request.method in ("GET", "HEAD"):
        return request.full_path.rstrip("?") if status in PASSES else None
    try:
        current_app.url_map.bind("").match(request.path, "GET")
    except HTTPException:
        return None
    return request.path


def join(app: Flask) -> None:
    """Show the problems of this app's pages as pages."""
    app.after_request(shown)
