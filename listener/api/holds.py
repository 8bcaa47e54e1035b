"""Holds: what stands still, why, and until when."""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from pydantic import Field

from listener.api import fields, shapes
from listener.api.auth import needs, person
from listener.api.fields import MOST_TARGETS, AppName, Id, Moment, Reason
from listener.api.request_body import Body, takes
from listener.api.services import services
from listener.roles import Role
from listener.services.hold_release import Agreed, Meant
from listener.services.holds import NewHold

bp = Blueprint("holds", __name__, url_prefix="/api/holds")


class HoldBody(Body):
    """The app to hold (null: every target but those left out), why, and from when until when."""

    app: AppName | None
    but: Annotated[tuple[AppName, ...], Field(max_length=MOST_TARGETS, alias="except")] = ()
    reason: Reason
    starts_at: Moment | None = Field(default=None, alias="from")
    ends_at: Moment | None = Field(default=None, alias="until")


class Shown(Body):
    """The ids of the holds that end and of the promotions that would go, as they were shown."""

    holds: tuple[Id, ...]
    promotions: tuple[Id, ...]


class OneBody(Body):
    """How to release a hold: with `agreed`, only as it was shown; `discard` cancels what waits."""

    agreed: Shown | None = None
    discard: bool = False

    @property
    def was_agreed(self) -> Agreed | None:
        """What somebody agreed to, if that is said."""
        if self.agreed is None:
            return None
        shown = self.agreed
        return Agreed(holds=frozenset(shown.holds), promotions=frozenset(shown.promotions))


class ForeseenBody(Body):
    """The app whose holds in force are meant; null means those on every target."""

    app: AppName | None


class ReleaseBody(OneBody):
    """The app whose holds in force are released; null releases those on every target."""

    app: AppName | None


@bp.get("")
@needs(Role.VIEWER)
def list_() -> ResponseReturnValue:
    """List the holds in force or to come, newest first; with `all`, every one that ever was."""
    found = services().holds.list_(
        app=fields.text("app"), with_ended=fields.flag("all"), limit=fields.limit()
    )
    return jsonify([shapes.hold(view) for view in found])


@bp.post("")
@needs(Role.APPROVER)
@takes(HoldBody)
def add(body: HoldBody) -> ResponseReturnValue:
    """Put a hold, and tell what it came too late for."""
    wish = NewHold(
        app=body.app,
        reason=body.reason,
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        but=body.but,
    )
    return jsonify(shapes.hold_put(services().holds.put(wish, by=person().email))), 201


@bp.get("/<hold>")
@needs(Role.VIEWER)
def show(hold: str) -> ResponseReturnValue:
    """Show one hold, whether it is in force, to come or over."""
    return jsonify(shapes.hold(services().holds.get(hold)))


@bp.post("/<hold>/actions/foresee")
@needs(Role.VIEWER)
def foresee_one(hold: str) -> ResponseReturnValue:
    """Show what the release of one hold would let go; nothing is released."""
    return jsonify(shapes.release_foreseen(services().holds.foresee(Meant(hold=hold))))


@bp.post("/<hold>/actions/release")
@needs(Role.APPROVER)
@takes(OneBody)
def release_one(body: OneBody, hold: str) -> ResponseReturnValue:
    """Release one hold, which may be one that is to come, and tell what goes next."""
    done = services().holds.release_one(
        hold, by=person().email, agreed=body.was_agreed, discard=body.discard
    )
    return jsonify(shapes.holds_released(done))


@bp.post("/actions/foresee")
@needs(Role.VIEWER)
@takes(ForeseenBody)
def foresee(body: ForeseenBody) -> ResponseReturnValue:
    """Show what the release of the holds in force would let go; nothing is released."""
    return jsonify(shapes.release_foreseen(services().holds.foresee(Meant(app=body.app))))


@bp.post("/actions/release")
@needs(Role.APPROVER)
@takes(ReleaseBody)
def release(body: ReleaseBody) -> ResponseReturnValue:
    """Release the holds in force, and tell what goes next; those to come stay."""
    done = services().holds.release(
        body.app, by=person().email, agreed=body.was_agreed, discard=body.discard
    )
    return jsonify(shapes.holds_released(done))
