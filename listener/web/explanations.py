"""Explanations: what every rule and gate said of a release."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from listener.roles import Role
from listener.web import queries, shapes
from listener.web.auth import needs
from listener.web.fields import version_of
from listener.web.services import services

bp = Blueprint("explanations", __name__, url_prefix="/api/apps")


@bp.get("/<app>/explanation")
@needs(Role.VIEWER)
def show(app: str) -> ResponseReturnValue:
    """What was said of a release of an app; without one, of its newest deploy."""
    version = version_of(queries.text("release"))
    return jsonify(shapes.explanation(services().explanations.explain(app, version=version)))
