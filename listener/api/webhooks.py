"""The address that Heroku delivers webhooks to."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from listener.api import request_body
from listener.api.answers import Reply, replies
from listener.api.services import services
from listener.heroku import HEADER

bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")


@bp.post("/heroku")
@replies(Reply(status=204, problems=(401, 413, 503)))
def receive() -> ResponseReturnValue:
    """Verify and store a delivery, then answer; Heroku repeats whatever is refused."""
    services().inbox.receive(
        request_body.content(request_body.LARGEST_FILE), request.headers.get(HEADER, "")
    )
    return "", 204
