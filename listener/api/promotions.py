"""Promotions: what goes, went and did not go, and why; and those that people ask for."""

from __future__ import annotations

from flask import Blueprint
from pydantic import model_validator

from listener.api import fields
from listener.api.answers import HEROKU, Answer, ReleaseRef, returns, returns_list
from listener.api.auth import On, check, needs, person
from listener.api.fields import AppName, GateNames, Reason, Targets, Version, status_of
from listener.api.request_body import Body, takes
from listener.api.schemas import Promotion, PromotionInFull, Rollback
from listener.api.services import context, services
from listener.roles import Role
from listener.services import approvals, promotions, rollback
from listener.services.output import OutputView
from listener.services.promote import NewOverride, NewPromotions, promote_by_hand
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


class Output(Answer):
    """A piece of a release phase's output: 64 KiB at most, and where to read on."""

    offset: int
    text: str
    is_over: bool
    release: ReleaseRef | None
    message: str | None

    @classmethod
    def of(cls, view: OutputView) -> Output:
        """Return a piece of an output; never the URL that it came from."""
        release = None
        if view.release_id is not None:
            release = ReleaseRef(id=view.release_id, version=view.version)
        return cls(
            offset=view.offset,
            text=view.text,
            is_over=view.is_over,
            release=release,
            message=view.message,
        )


@bp.get("/promotions")
@needs(Role.VIEWER, on=On.APPS)
@returns_list(Promotion, queries=("app", "status", "limit"), problems=(422,))
def list_() -> list[Promotion]:
    """List promotions, newest first, of one app (source or target) or in one status if given."""
    found = promotions.list_(
        context(),
        app=fields.text("app"),
        status=status_of(fields.text("status")),
        limit=fields.limit(),
    )
    return [Promotion.of(view) for view in found]


@bp.post("/promotions")
@needs(Role.PROMOTER, on=On.APPS)
@takes(PromotionsBody)
@returns_list(Promotion, 201, problems=HEROKU)
def promote(body: PromotionsBody) -> list[Promotion]:
    """Promote a release by hand to each target, or to none if one is refused.

    Only an admin of the targets may set gates aside.
    """
    if body.wished is not None:
        check(Role.ADMIN, On.APPS)
    wish = NewPromotions(
        source=body.source, targets=body.targets, version=body.release, override=body.wished
    )
    made = promote_by_hand(context(), wish, by=person().email)
    return [Promotion.of(view) for view in made]


@bp.get("/promotions/<promotion>")
@needs(Role.VIEWER, on=On.APPS)
@returns(PromotionInFull, problems=(404,))
def show(promotion: str) -> PromotionInFull:
    """Show one promotion, with what became of it and when."""
    return PromotionInFull.of(promotions.get(context(), promotion))


@bp.get("/promotions/<promotion>/output")
@needs(Role.VIEWER, on=On.APPS)
@returns(Output, queries=("offset",), problems=(404, 422, 429, 502))
def output(promotion: str) -> Output:
    """Read a piece of the release phase's output, from a byte offset on; it takes some seconds."""
    return Output.of(services().outputs.of(context()).read(promotion, fields.offset()))


@bp.post("/promotions/<promotion>/actions/cancel")
@needs(Role.PROMOTER, on=On.APPS)
@returns(Promotion, problems=(404, 409))
def cancel(promotion: str) -> Promotion:
    """Cancel a waiting promotion."""
    view = promotions.cancel(context(), promotion, by=person().email)
    return Promotion.of(view)


@bp.post("/promotions/<promotion>/actions/retry")
@needs(Role.PROMOTER, on=On.APPS)
@returns(Promotion, problems=(404, 409))
def retry(promotion: str) -> Promotion:
    """Let a promotion that ended without success wait once more."""
    view = promotions.retry(context(), promotion, by=person().email)
    return Promotion.of(view)


@bp.post("/promotions/<promotion>/actions/approve")
@needs(Role.APPROVER, on=On.APPS)
@returns(Promotion, problems=(404, 409))
def approve(promotion: str) -> Promotion:
    """Approve the release and slug that a waiting promotion brings."""
    view = approvals.approve(context(), promotion, by=person().email)
    return Promotion.of(view)


@bp.post("/promotions/<promotion>/actions/reject")
@needs(Role.APPROVER, on=On.APPS)
@takes(RejectBody)
@returns(Promotion, problems=(404, 409))
def reject(body: RejectBody, promotion: str) -> Promotion:
    """Reject a waiting promotion, which ends it."""
    view = approvals.reject(context(), promotion, reason=body.reason, by=person().email)
    return Promotion.of(view)


@bp.post("/rollbacks")
@needs(Role.PROMOTER, on=On.APPS)
@takes(RollbackBody)
@returns(Rollback, 201, problems=HEROKU)
def roll_back(body: RollbackBody) -> Rollback:
    """Bring back what an app ran before, and put the app on hold."""
    wish = NewRollback(app=body.app, to=body.to, reason=body.reason)
    view = rollback.roll_back(context(), wish, by=person().email)
    return Rollback.asked(view)
