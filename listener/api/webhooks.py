"""The addresses that Heroku and GitHub deliver webhooks to."""

from __future__ import annotations

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from listener.api import request_body
from listener.api.answers import Reply, replies
from listener.api.services import services
from listener.github import events, signature
from listener.heroku import HEADER
from listener.web.fast_path import FAILED

bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")


@bp.post("/heroku")
@replies(Reply(status=204, problems=(401, 413, 503)))
def receive() -> ResponseReturnValue:
    """Verify and store a delivery, then answer; Heroku repeats whatever is refused.

    Most are stored by the fast path, and never come here.
    """
    if (failed := request.environ.get(FAILED)) is not None:
        raise failed.with_traceback(None)  # many may have failed of the same
    services().inbox.receive(
        request_body.content(request_body.LARGEST_FILE), request.headers.get(HEADER, "")
    )
    return "", 204


@bp.post("/github")
@replies(Reply(status=204, problems=(400, 401, 404, 413, 503)))
def receive_from_github() -> ResponseReturnValue:
    """Verify a delivery of GitHub's, and have the checks read of the commit that it is about.

    It stores nothing and decides nothing. Where no secret is set, there is no such address.
    """
    inbox, given = services().github_inbox, request.headers.get(signature.HEADER, "")
    if not inbox.is_open:
        abort(404)
    inbox.check(given)
    body = request_body.content(request_body.LARGEST_FILE)
    inbox.receive(body, given, kind=request.headers.get(events.HEADER, ""))
    return "", 204
