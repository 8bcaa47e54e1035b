"""Deliveries: what Heroku told us, and what came of it."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from listener.roles import Role
from listener.web import queries, shapes
from listener.web.auth import needs
from listener.web.services import services

bp = Blueprint("deliveries", __name__, url_prefix="/api/deliveries")


@bp.get("")
@needs(Role.VIEWER)
def list_() -> ResponseReturnValue:
    """The deliveries, newest first."""
    found = services().inbox.list_(app=queries.text("app"), limit=queries.limit())
    return jsonify([shapes.delivery(view) for view in found])
