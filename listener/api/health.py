"""Health: whether the process is up, and whether it can do its work."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from listener.api.services import services
from listener.api.shapes import time
from listener.core.liveness import Runner
from listener.errors import Unavailable
from listener.services.status import MARK

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def is_up() -> ResponseReturnValue:
    """Tell that the process is up; by its mark, the listener alone recognises itself."""
    answer = jsonify(status="ok")
    answer.headers[MARK] = services().keys.mark
    return answer


@bp.get("/readyz")
def is_ready() -> ResponseReturnValue:
    """Tell whether the database is there and migrated, secrets open, and runners make rounds."""
    faults = services().readiness.faults()
    if faults.gravest is not None:
        raise Unavailable(faults.gravest, id="not_ready")
    living = [_runner(runner) for runner in faults.seen if runner.is_alive]
    # Troubles with Heroku leave us ready: neither whoever watches us nor a restart mends them.
    failing = [{"cause": each.cause, "since": time(each.since)} for each in faults.troubles]
    return jsonify(status="ready", runners=living, troubles=failing)


def _runner(runner: Runner) -> dict[str, object]:
    return {
        "name": runner.name,
        "works_on": runner.works_on,
        "last_round_seconds": round(runner.idle.total_seconds(), 1),
    }
