"""Troubles: what keeps the listener from working now, since when, and what mends it."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from listener.api import fields, shapes
from listener.api.auth import needs
from listener.api.services import services
from listener.roles import Role

bp = Blueprint("troubles", __name__, url_prefix="/api/troubles")


@bp.get("")
@needs(Role.VIEWER)
def list_() -> ResponseReturnValue:
    """List what fails now, oldest first; with an app, what concerns it."""
    found = services().troubles.list_(app=fields.text("app"))
    return jsonify([shapes.trouble(view) for view in found])
