"""Holds: what stands still, why, and until when."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from pydantic import Field

from listener.desk.holds import NewHold
from listener.roles import Role
from listener.web import queries, shapes
from listener.web.auth import needs, person
from listener.web.bodies import Body, takes
from listener.web.fields import AppName, Moment, Reason
from listener.web.services import services

bp = Blueprint("holds", __name__, url_prefix="/api/holds")


class HoldBody(Body):
    """The app to hold (null: every target), why, and perhaps from when until when."""

    app: AppName | None
    reason: Reason
    starts_at: Moment | None = Field(default=None, alias="from")
    ends_at: Moment | None = Field(default=None, alias="until")


class ReleaseBody(Body):
    """The app whose holds in force are released; null releases those on every target."""

    app: AppName | None


@bp.get("")
@needs(Role.VIEWER)
def list_() -> ResponseReturnValue:
    """The holds in force or to come, newest first; with `all`, every one that ever was."""
    found = services().holds.list_(
        app=queries.text("app"), with_ended=queries.flag("all"), limit=queries.limit()
    )
    return jsonify([shapes.hold(view) for view in found])


@bp.post("")
@needs(Role.APPROVER)
@takes(HoldBody)
def add(body: HoldBody) -> ResponseReturnValue:
    """A hold, and what it came too late for."""
    wish = NewHold(app=body.app, reason=body.reason, starts_at=body.starts_at, ends_at=body.ends_at)
    return jsonify(shapes.hold_put(services().holds.put(wish, by=person().email))), 201


@bp.get("/<hold>")
@needs(Role.VIEWER)
def show(hold: str) -> ResponseReturnValue:
    """One hold, whether it is in force, to come or over."""
    return jsonify(shapes.hold(services().holds.get(hold)))


@bp.post("/<hold>/actions/release")
@needs(Role.APPROVER)
def release_one(hold: str) -> ResponseReturnValue:
    """One hold is released, which may be one that is to come; what goes next is said."""
    done = services().holds.release_one(hold, by=person().email)
    return jsonify(shapes.holds_released(done))


@bp.post("/actions/release")
@needs(Role.APPROVER)
@takes(ReleaseBody)
def release(body: ReleaseBody) -> ResponseReturnValue:
    """The holds in force are released, those to come stay; what goes next is said."""
    done = services().holds.release(body.app, by=person().email)
    return jsonify(shapes.holds_released(done))
