"""Deliveries: what Heroku told us, and what came of it."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from listener.api import fields, shapes
from listener.api.auth import needs
from listener.api.services import services
from listener.roles import Role

bp = Blueprint("deliveries", __name__, url_prefix="/api/deliveries")


@bp.get("")
@needs(Role.VIEWER)
def list_() -> ResponseReturnValue:
    """List the deliveries, newest first."""
    found = services().inbox.list_(app=fields.text("app"), limit=fields.limit())
    return jsonify([shapes.delivery(view) for view in found])
