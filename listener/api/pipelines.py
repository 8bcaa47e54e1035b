"""Pipelines: from which apps to which a rule may go, for whoever has none yet."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from listener.api.auth import needs
from listener.api.services import services
from listener.roles import Role
from listener.services.pipelines import PipelineView

bp = Blueprint("pipelines", __name__, url_prefix="/api/pipelines")


@bp.get("")
@needs(Role.VIEWER)
def list_() -> ResponseReturnValue:
    """List the pipelines with apps at staging and at production, by name."""
    return jsonify([shape_of(view) for view in services().pipelines.list_()])


def shape_of(view: PipelineView) -> dict[str, Any]:
    """Build the JSON of a pipeline."""
    return {
        "id": view.id,
        "name": view.name,
        "staging": [{"id": id, "name": name} for id, name in view.staging],
        "production": [{"id": id, "name": name} for id, name in view.production],
    }
