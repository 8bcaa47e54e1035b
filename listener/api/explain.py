"""Explanations: what every rule and gate said of a release."""

from __future__ import annotations

from flask import Blueprint

from listener.api import fields
from listener.api.answers import Answer, Ref, returns
from listener.api.auth import On, needs
from listener.api.deliveries import Delivery
from listener.api.fields import version_of
from listener.api.schemas import ExplainedRelease, Promotion
from listener.api.services import context
from listener.api.troubles import Trouble
from listener.roles import Role
from listener.services import explain, views

bp = Blueprint("explanations", __name__, url_prefix="/api/apps")


class RuleExplanation(Answer):
    """What one rule says of a release for one target."""

    rule: Ref
    target: Ref
    says: str
    promotion_id: str | None

    @classmethod
    def of(cls, view: views.RuleExplanation) -> RuleExplanation:
        """Return what a rule says."""
        return cls(
            rule=Ref(id=str(view.rule_id), name=view.rule_name),
            target=Ref(id=view.target_id, name=view.target_name),
            says=view.says,
            promotion_id=str(view.promotion_id) if view.promotion_id is not None else None,
        )


class Explanation(Answer):
    """What every rule and gate said of a release."""

    app: Ref
    release: ExplainedRelease
    summary: str
    deliveries: list[Delivery]
    promotions: list[Promotion]
    rules: list[RuleExplanation]
    troubles: list[Trouble]

    @classmethod
    def of(cls, view: views.Explanation) -> Explanation:
        """Return what was said of a release."""
        return cls(
            app=Ref(id=view.app_id, name=view.app_name),
            release=ExplainedRelease.of(view.release, view.kind, view.commit),
            summary=view.summary,
            deliveries=[Delivery.of(each) for each in view.deliveries],
            promotions=[Promotion.of(each) for each in view.promotions],
            rules=[RuleExplanation.of(each) for each in view.sayings],
            troubles=Trouble.each_of(view.troubles),
        )


@bp.get("/<app>/explanation")
@needs(Role.VIEWER, on=On.APPS)
@returns(Explanation, queries=("release",), problems=(404, 422, 429, 502))
def show(app: str) -> Explanation:
    """Explain what was said of a release of an app; without one, of its newest deploy."""
    version = version_of(fields.text("release"))
    return Explanation.of(explain.explain(context(), app, version=version))
