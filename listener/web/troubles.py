"""Troubles: what keeps the listener from working now, since when, and what mends it."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from listener.roles import Role
from listener.web import queries, shapes
from listener.web.auth import needs
from listener.web.services import services

bp = Blueprint("troubles", __name__, url_prefix="/api/troubles")


@bp.get("")
@needs(Role.VIEWER)
def list_() -> ResponseReturnValue:
    """What fails now, oldest first; with an app, what concerns it."""
    found = services().troubles.list_(app=queries.text("app"))
    return jsonify([shapes.trouble(view) for view in found])
