"""Rules: what goes from where to where, as people declare it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from pydantic import Field

from listener.api import fields, foreseen, shapes
from listener.api.auth import needs, person
from listener.api.fields import AppName, RuleName, Targets
from listener.api.request_body import takes
from listener.api.rule_options import RuleOptions, flag
from listener.api.services import services
from listener.core.rule import Mode, OnNewer, Strategy
from listener.roles import Role
from listener.services.rule_definition import NewRule, RuleChange

bp = Blueprint("rules", __name__, url_prefix="/api/rules")


Notify = Annotated[
    tuple[str, ...] | None,
    flag("--notify", "URL", "who is told, by apprise URL like slack://TOKENS, never shown"),
]


class Declared(RuleOptions):
    """A whole rule, in whatever words; what is not said has its default."""

    name: RuleName
    source: AppName
    targets: Targets
    mode: Mode = Mode.ARMED
    strategy: Strategy = Strategy.SLUG
    on_newer: OnNewer = OnNewer.SUPERSEDE

    @property
    def wish(self) -> NewRule:
        """What is asked for."""
        return NewRule(
            name=self.name,
            source=self.source,
            targets=self.targets,
            mode=self.mode,
            strategy=self.strategy,
            on_newer=self.on_newer,
            conditions=self.conditions,
        )


class RuleBody(Declared):
    """A new rule."""

    notify: Notify = Field(default=None, repr=False)

    @property
    def wish(self) -> NewRule:
        """What is asked for."""
        return replace(super().wish, notify=self.notify or ())


class RuleChangeBody(RuleOptions):
    """What is to change of a rule; what is not named stays."""

    name: RuleName | None = None
    targets: Targets | None = None
    mode: Mode | None = None
    strategy: Strategy | None = None
    on_newer: OnNewer | None = None
    notify: Notify = Field(default=None, repr=False)

    @property
    def told(self) -> tuple[str, ...] | None:
        """Who is told from now on; None where nothing was said of it."""
        return (self.notify or ()) if "notify" in self.model_fields_set else None

    @property
    def change(self) -> RuleChange:
        """What is asked for."""
        return RuleChange(
            name=self.name,
            targets=self.targets,
            mode=self.mode,
            strategy=self.strategy,
            on_newer=self.on_newer,
            conditions=self.conditions,
            notify=self.told,
        )


@bp.get("")
@needs(Role.VIEWER)
def list_() -> ResponseReturnValue:
    """List the rules, newest first; with an app, those that name it."""
    found = services().rules.list_(app=fields.text("app"), limit=fields.limit())
    return jsonify([shapes.rule(view) for view in found])


@bp.post("")
@needs(Role.ADMIN)
@takes(RuleBody)
def add(body: RuleBody) -> ResponseReturnValue:
    """Add a rule; it acts on releases from now on."""
    return jsonify(shapes.rule(services().rules.add(body.wish, by=person().email))), 201


@bp.get("/<rule>")
@needs(Role.VIEWER)
def show(rule: str) -> ResponseReturnValue:
    """Show one rule, by name or id."""
    return jsonify(shapes.rule(services().rules.get(rule)))


@bp.get("/<rule>/backtest")
@needs(Role.VIEWER)
def backtest(rule: str) -> ResponseReturnValue:
    """Show what the rule would have done with its source's newest releases, newest first."""
    found = services().backtests.of_rule(rule, newest=fields.limit())
    return jsonify([shapes.backtest(view) for view in found])


@bp.post("/actions/try")
@needs(Role.VIEWER)
@takes(RuleBody)
def try_new(body: RuleBody) -> ResponseReturnValue:
    """Show what a new rule would have done with its source's newest releases; nothing is saved."""
    tried = services().trials.of_new(body.wish, newest=fields.limit())
    return jsonify(foreseen.trial(tried))


@bp.post("/<rule>/actions/try")
@needs(Role.VIEWER)
@takes(RuleChangeBody)
def try_change(body: RuleChangeBody, rule: str) -> ResponseReturnValue:
    """Show what would have fared otherwise if the rule had been changed so; nothing is saved."""
    tried = services().trials.of_change(rule, body.change, newest=fields.limit())
    return jsonify(foreseen.trial(tried))


@bp.patch("/<rule>")
@needs(Role.ADMIN)
@takes(RuleChangeBody)
def update(body: RuleChangeBody, rule: str) -> ResponseReturnValue:
    """Save the rule's next revision; what waits under it is decided anew."""
    return jsonify(shapes.rule(services().rules.update(rule, body.change, by=person().email)))


@bp.delete("/<rule>")
@needs(Role.ADMIN)
def remove(rule: str) -> ResponseReturnValue:
    """Remove the rule, and cancel what waits under it."""
    view = services().rules.remove(rule, by=person().email)
    cancelled = [str(promotion_id) for promotion_id in view.cancelled]
    return jsonify({**shapes.rule(view), "cancelled": cancelled})
