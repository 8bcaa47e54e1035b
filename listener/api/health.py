"""Health: whether the process is up, and whether it can do its work."""

from __future__ import annotations

from typing import Any, Literal

from flask import Blueprint, Response, jsonify
from pydantic import Field

from listener.api.answers import Answer, Reply, format_time, replies, returns
from listener.api.services import services
from listener.core.liveness import Runner
from listener.errors import Unavailable
from listener.services.status import MARK

bp = Blueprint("health", __name__)


class Condition(Answer):
    """How the process is."""

    status: Literal["ok", "ready"]
    runners: list[dict[str, Any]] = Field(default=[])
    troubles: list[dict[str, Any]] = Field(default=[])


@bp.get("/healthz")
@replies(Reply(Condition))
def is_up() -> Response:
    """Tell that the process is up; by its mark, the listener alone recognises itself."""
    answer = jsonify(status="ok")
    answer.headers[MARK] = services().keys.mark
    return answer


@bp.get("/readyz")
@returns(Condition, problems=(503,))
def is_ready() -> Condition:
    """Tell whether the database is there and migrated, secrets open, and runners make rounds."""
    faults = services().readiness.faults()
    if faults.gravest is not None:
        raise Unavailable(faults.gravest, id="not_ready")
    living = [_runner(runner) for runner in faults.seen if runner.is_alive]
    # Troubles with Heroku leave us ready: neither whoever watches us nor a restart mends them.
    failing = [{"cause": each.cause, "since": format_time(each.since)} for each in faults.troubles]
    return Condition(status="ready", runners=living, troubles=failing)


def _runner(runner: Runner) -> dict[str, object]:
    return {
        "name": runner.name,
        "works_on": runner.works_on,
        "last_round_seconds": round(runner.idle.total_seconds(), 1),
    }
