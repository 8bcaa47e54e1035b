"""The door that Heroku knocks at."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from listener.heroku import HEADER
from listener.web import bodies
from listener.web.services import services

bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")


@bp.post("/heroku")
def receive() -> ResponseReturnValue:
    """Verify, keep, answer: Heroku waits, and repeats whatever is refused."""
    services().inbox.receive(bodies.content(), request.headers.get(HEADER, ""))
    return "", 204
