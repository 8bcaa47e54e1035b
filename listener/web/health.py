"""Health: whether the process is up, and whether it can do its work."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from listener.desk.mirror import MARK
from listener.errors import Unavailable
from listener.web.services import services

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def is_up() -> ResponseReturnValue:
    """The process is up; the mark tells itself, and nobody else, that it is this very listener."""
    answer = jsonify(status="ok")
    answer.headers[MARK] = services().keys.mark
    return answer


@bp.get("/readyz")
def is_ready() -> ResponseReturnValue:
    """The database is reachable and migrated, and the webhook secrets can be opened."""
    if fault := services().readiness.fault():
        raise Unavailable(fault, id="not_ready")
    return jsonify(status="ready")
