"""Rules: what goes from where to where, as people declare it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from flask import Blueprint
from pydantic import Field

from listener.api import fields, rule_options, whole_urls
from listener.api.answers import HEROKU, Ref, Time, returns, returns_list
from listener.api.auth import On, needs, person
from listener.api.fields import AppName, Reason, RuleName, Targets
from listener.api.foreseen import Backtest, Trial
from listener.api.request_body import takes
from listener.api.rule_options import RuleOptions, ToldOptions, flag
from listener.api.services import context
from listener.core.rule import Mode, OnNewer, Strategy
from listener.roles import Role
from listener.services import backtests, rules
from listener.services.rule_definition import NewRule, RuleChange
from listener.services.views import RuleView

bp = Blueprint("rules", __name__, url_prefix="/api/rules")


Notify = Annotated[
    tuple[str, ...] | None,
    flag("--notify", "URL", "who is told, by apprise URL like slack://TOKENS, never shown"),
]


EventsTo = Annotated[
    tuple[str, ...] | None,
    flag("--events-to", "URL", "who gets each event, signed, by a URL that is never shown"),
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
    events_to: EventsTo = Field(default=None, repr=False)
    reason: Reason | None = None

    @property
    def wish(self) -> NewRule:
        """What is asked for."""
        told = replace(super().wish, notify=self.notify or (), events_to=self.events_to or ())
        return replace(told, reason=self.reason)


class RuleChangeBody(RuleOptions):
    """What is to change of a rule; what is not named stays."""

    name: RuleName | None = None
    targets: Targets | None = None
    mode: Mode | None = None
    strategy: Strategy | None = None
    on_newer: OnNewer | None = None
    notify: Notify = Field(default=None, repr=False)
    events_to: EventsTo = Field(default=None, repr=False)
    reason: Reason | None = None

    def told(self, name: str) -> tuple[str, ...] | None:
        """Who is told from now on, by `notify` or `events_to`; None where nothing was said."""
        return (getattr(self, name) or ()) if name in self.model_fields_set else None

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
            notify=self.told("notify"),
            events_to=self.told("events_to"),
            reason=self.reason,
        )


class Target(Ref):
    """An app that a rule promotes to; versions above the baseline are promoted."""

    baseline: int
    baseline_note: str


class Rule(ToldOptions):
    """What goes from where to where."""

    id: str
    name: str
    mode: Mode
    strategy: Strategy
    strategy_note: str | None = None
    on_newer: OnNewer
    notify: list[str]
    events_to: list[str] | None = None  # an older listener does not tell
    warnings: list[str]
    revision: int
    source: Ref
    targets: list[Target]
    created_at: Time
    updated_at: Time
    created_by: str

    @classmethod
    def of(cls, view: RuleView) -> Rule:
        """Return a rule."""
        return cls(**_rule(view))


class RuleRemoved(Rule):
    """A rule that is gone, and the promotions that were cancelled with it."""

    cancelled: list[str]

    @classmethod
    def of(cls, view: RuleView) -> RuleRemoved:
        """Return a rule that was removed."""
        return cls(**_rule(view), cancelled=[str(number) for number in view.cancelled])


def _rule(view: RuleView) -> dict[str, Any]:
    row = view.row
    told = rule_options.told(row.conditions)
    source = Ref.of(row.source_id, view.names)
    note = {"strategy_note": view.strategy_note} if view.strategy_note is not None else {}
    return {
        "id": str(row.id),
        "name": row.name,
        "mode": row.mode,
        "strategy": view.strategy,
        **note,
        "on_newer": row.on_newer,
        **(told if whole_urls.may_see(view.names.values()) else whole_urls.cut_all(told)),
        "notify": list(view.notify),
        "events_to": list(view.events_to),
        "warnings": list(view.warnings),
        "revision": row.revision,
        "source": source,
        "targets": [
            Target(
                id=target.app_id,
                name=view.names.get(target.app_id, target.app_id),
                baseline=target.baseline,
                baseline_note=f"acts from {source.name} v{target.baseline + 1} on",
            )
            for target in row.targets
        ],
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "created_by": row.created_by,
    }


@bp.get("")
@needs(Role.VIEWER, on=On.APPS)
@returns_list(Rule, queries=("app", "limit"))
def list_() -> list[Rule]:
    """List the rules, newest first; with an app, those that name it."""
    found = rules.list_(context(), app=fields.text("app"), limit=fields.limit())
    return [Rule.of(view) for view in found]


@bp.post("")
@needs(Role.ADMIN, on=On.APPS)
@takes(RuleBody)
@returns(Rule, 201, problems=HEROKU)
def add(body: RuleBody) -> Rule:
    """Add a rule; it acts on releases from now on."""
    return Rule.of(rules.add(context(), body.wish, by=person().email))


@bp.get("/<rule>")
@needs(Role.VIEWER, on=On.APPS)
@returns(Rule, problems=(404,))
def show(rule: str) -> Rule:
    """Show one rule, by name or id."""
    return Rule.of(rules.get(context(), rule))


@bp.get("/<rule>/backtest")
@needs(Role.VIEWER, on=On.APPS)
@returns_list(Backtest, queries=("limit",), problems=(404, 429, 502))
def backtest(rule: str) -> list[Backtest]:
    """Show what the rule would have done with its source's newest releases, newest first."""
    found = backtests.of_rule(context(), rule, newest=fields.limit())
    return [Backtest.of(view) for view in found]


@bp.post("/actions/try")
@needs(Role.VIEWER, on=On.APPS)
@takes(RuleBody)
@returns(Trial, queries=("limit",), problems=HEROKU)
def try_new(body: RuleBody) -> Trial:
    """Show what a new rule would have done with its source's newest releases; nothing is saved."""
    tried = backtests.of_new(context(), body.wish, newest=fields.limit())
    return Trial.of(tried)


@bp.post("/<rule>/actions/try")
@needs(Role.VIEWER, on=On.APPS)
@takes(RuleChangeBody)
@returns(Trial, queries=("limit",), problems=HEROKU)
def try_change(body: RuleChangeBody, rule: str) -> Trial:
    """Show what would have fared otherwise if the rule had been changed so; nothing is saved."""
    tried = backtests.of_change(context(), rule, body.change, newest=fields.limit())
    return Trial.of(tried)


@bp.patch("/<rule>")
@needs(Role.ADMIN, on=On.APPS)
@takes(RuleChangeBody)
@returns(Rule, problems=HEROKU)
def update(body: RuleChangeBody, rule: str) -> Rule:
    """Save the rule's next revision; what waits under it is decided anew."""
    return Rule.of(rules.update(context(), rule, body.change, by=person().email))


@bp.delete("/<rule>")
@needs(Role.ADMIN, on=On.APPS)
@returns(RuleRemoved, problems=(404, 409))
def remove(rule: str) -> RuleRemoved:
    """Remove the rule, and cancel what waits under it."""
    return RuleRemoved.of(rules.remove(context(), rule, by=person().email))
