"""Findings: what is wrong or would go wrong, and how to mend it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from listener.api.auth import needs
from listener.api.services import services
from listener.core.finding import Finding
from listener.roles import Role

bp = Blueprint("findings", __name__, url_prefix="/api/findings")


@bp.get("")
@needs(Role.VIEWER)
def list_() -> ResponseReturnValue:
    """Examine everything now, and list the findings in the order in which to mend them."""
    found = services().doctor.examine(asked_by=request.headers.get("User-Agent", ""))
    return jsonify([shape_of(finding) for finding in found])


def shape_of(finding: Finding) -> dict[str, Any]:
    """Build the JSON of a finding."""
    app = finding.app
    return {
        "name": finding.name,
        "state": finding.state,
        "app": {"id": app.id, "name": app.name} if app is not None else None,
        "rule": finding.rule,
        "message": finding.message,
        "why": finding.why or None,
        "mend": finding.mend or None,
        "facts": dict(finding.facts),
    }
