"""Promotions: what goes, went and did not go, and why; and those that people ask for."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from listener.desk.by_hand import NewPromotions
from listener.desk.rollbacks import NewRollback
from listener.roles import Role
from listener.web import queries, shapes
from listener.web.auth import needs, person
from listener.web.bodies import Body, takes
from listener.web.fields import AppName, Reason, Targets, Version, status_of
from listener.web.services import services

bp = Blueprint("promotions", __name__, url_prefix="/api")


class PromotionsBody(Body):
    """A release of an app (without one: what it runs) and the targets to bring it to."""

    source: AppName
    targets: Targets
    release: Version | None = None


class RollbackBody(Body):
    """An app, the release to go back to (without one: what it ran before), and why."""

    app: AppName
    to: Version | None = None
    reason: Reason


@bp.get("/promotions")
@needs(Role.VIEWER)
def list_() -> ResponseReturnValue:
    """Promotions, newest first, of one app (source or target) or in one status if given."""
    found = services().promotions.list_(
        app=queries.text("app"), status=status_of(queries.text("status")), limit=queries.limit()
    )
    return jsonify([shapes.promotion(view) for view in found])


@bp.post("/promotions")
@needs(Role.APPROVER)
@takes(PromotionsBody)
def promote(body: PromotionsBody) -> ResponseReturnValue:
    """A promotion by hand for each target, or for none if one is refused."""
    wish = NewPromotions(source=body.source, targets=body.targets, version=body.release)
    made = services().promotions.promote(wish, by=person().email)
    return jsonify([shapes.promotion(view) for view in made]), 201


@bp.get("/promotions/<promotion>")
@needs(Role.VIEWER)
def show(promotion: str) -> ResponseReturnValue:
    """One promotion, with what became of it and when."""
    return jsonify(shapes.promotion(services().promotions.get(promotion)))


@bp.get("/promotions/<promotion>/output")
@needs(Role.VIEWER)
def output(promotion: str) -> ResponseReturnValue:
    """A piece of what the release phase printed, from a byte offset on; it takes some seconds."""
    return jsonify(shapes.output(services().outputs.read(promotion, queries.offset())))


@bp.post("/promotions/<promotion>/actions/cancel")
@needs(Role.APPROVER)
def cancel(promotion: str) -> ResponseReturnValue:
    """A waiting promotion ends here."""
    view = services().promotions.cancel(promotion, by=person().email)
    return jsonify(shapes.promotion(view))


@bp.post("/promotions/<promotion>/actions/retry")
@needs(Role.APPROVER)
def retry(promotion: str) -> ResponseReturnValue:
    """A promotion that ended without success waits once more."""
    view = services().promotions.retry(promotion, by=person().email)
    return jsonify(shapes.promotion(view))


@bp.post("/rollbacks")
@needs(Role.APPROVER)
@takes(RollbackBody)
def roll_back(body: RollbackBody) -> ResponseReturnValue:
    """What an app ran before comes back, and the app is on hold."""
    wish = NewRollback(app=body.app, to=body.to, reason=body.reason)
    view = services().promotions.roll_back(wish, by=person().email)
    return jsonify(shapes.promotion(view)), 201
