"""Promotions: what goes, went and did not go, and why; and those that people ask for."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from pydantic import model_validator

from listener.api import fields, rollbacks, shapes
from listener.api.auth import check, needs, person
from listener.api.fields import AppName, GateNames, Reason, Targets, Version, status_of
from listener.api.request_body import Body, takes
from listener.api.services import services
from listener.roles import Role
from listener.services.promote import NewOverride, NewPromotions
from listener.services.rollback import NewRollback

bp = Blueprint("promotions", __name__, url_prefix="/api")


class PromotionsBody(Body):
    """A release of an app (without one: what it runs) and the targets to bring it to."""

    source: AppName
    targets: Targets
    release: Version | None = None
    override: GateNames | None = None
    reason: Reason | None = None

    @model_validator(mode="after")
    def _says_why(self) -> PromotionsBody:
        if (self.override is None) != (self.reason is None):
            raise ValueError("override and reason are said together, or neither")
        return self

    @property
    def wished(self) -> NewOverride | None:
        """What is to be set aside, if anything."""
        if self.override is None or self.reason is None:
            return None
        return NewOverride(gates=self.override, reason=self.reason)


class RollbackBody(Body):
    """An app, the release to go back to (without one: what it ran before), and why."""

    app: AppName
    to: Version | None = None
    reason: Reason


class RejectBody(Body):
    """Why somebody says no, if that is to be said."""

    reason: Reason | None = None


@bp.get("/promotions")
@needs(Role.VIEWER)
def list_() -> ResponseReturnValue:
    """List promotions, newest first, of one app (source or target) or in one status if given."""
    found = services().promotions.list_(
        app=fields.text("app"), status=status_of(fields.text("status")), limit=fields.limit()
    )
    return jsonify([shapes.promotion(view) for view in found])


@bp.post("/promotions")
@needs(Role.APPROVER)
@takes(PromotionsBody)
def promote(body: PromotionsBody) -> ResponseReturnValue:
    """Promote a release by hand to each target, or to none if one is refused.

    Only an admin may set gates aside.
    """
    if body.wished is not None:
        check(Role.ADMIN)
    wish = NewPromotions(
        source=body.source, targets=body.targets, version=body.release, override=body.wished
    )
    made = services().promotions.promote(wish, by=person().email)
    return jsonify([shapes.promotion(view) for view in made]), 201


@bp.get("/promotions/<promotion>")
@needs(Role.VIEWER)
def show(promotion: str) -> ResponseReturnValue:
    """Show one promotion, with what became of it and when."""
    return jsonify(shapes.promotion(services().promotions.get(promotion)))


@bp.get("/promotions/<promotion>/output")
@needs(Role.VIEWER)
def output(promotion: str) -> ResponseReturnValue:
    """Read a piece of the release phase's output, from a byte offset on; it takes some seconds."""
    return jsonify(shapes.output(services().outputs.read(promotion, fields.offset())))


@bp.post("/promotions/<promotion>/actions/cancel")
@needs(Role.APPROVER)
def cancel(promotion: str) -> ResponseReturnValue:
    """Cancel a waiting promotion."""
    view = services().promotions.cancel(promotion, by=person().email)
    return jsonify(shapes.promotion(view))


@bp.post("/promotions/<promotion>/actions/retry")
@needs(Role.APPROVER)
def retry(promotion: str) -> ResponseReturnValue:
    """Let a promotion that ended without success wait once more."""
    view = services().promotions.retry(promotion, by=person().email)
    return jsonify(shapes.promotion(view))


@bp.post("/promotions/<promotion>/actions/approve")
@needs(Role.APPROVER)
def approve(promotion: str) -> ResponseReturnValue:
    """Approve the release and slug that a waiting promotion brings."""
    view = services().approvals.approve(promotion, by=person().email)
    return jsonify(shapes.promotion(view))


@bp.post("/promotions/<promotion>/actions/reject")
@needs(Role.APPROVER)
@takes(RejectBody)
def reject(body: RejectBody, promotion: str) -> ResponseReturnValue:
    """Reject a waiting promotion, which ends it."""
    view = services().approvals.reject(promotion, reason=body.reason, by=person().email)
    return jsonify(shapes.promotion(view))


@bp.post("/rollbacks")
@needs(Role.APPROVER)
@takes(RollbackBody)
def roll_back(body: RollbackBody) -> ResponseReturnValue:
    """Bring back what an app ran before, and put the app on hold."""
    wish = NewRollback(app=body.app, to=body.to, reason=body.reason)
    view = services().promotions.roll_back(wish, by=person().email)
    return jsonify(rollbacks.shape(view)), 201
