"""Explanations: what every rule and gate said of a release."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from listener.api import fields, shapes
from listener.api.auth import needs
from listener.api.fields import version_of
from listener.api.services import services
from listener.roles import Role

bp = Blueprint("explanations", __name__, url_prefix="/api/apps")


@bp.get("/<app>/explanation")
@needs(Role.VIEWER)
def show(app: str) -> ResponseReturnValue:
    """Explain what was said of a release of an app; without one, of its newest deploy."""
    version = version_of(fields.text("release"))
    return jsonify(shapes.explanation(services().explanations.explain(app, version=version)))
