"""What would be: rules that are played again and tried, files that are planned."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from listener.api import whole_urls
from listener.api.answers import Answer, Ref, Time
from listener.api.auth import person
from listener.api.schemas import ExplainedRelease
from listener.core.promotion import Status
from listener.core.rule import Mode
from listener.roles import Role
from listener.services import rule_definition, rule_plan, views
from listener.services.freezes import FreezeAction, FreezeStep


class ReachedBy(Answer):
    """The release by which a target really got some code, and when."""

    version: int
    at: Time | None


class Forecast(Answer):
    """What would have become of a release; without a status, nothing.

    `unanswered` names the gates that history cannot answer, and that counted as passed. What came
    before its target was there is not `was_tried`; `errored` is what history cannot tell.
    """

    status: Status | None
    message: str
    at: Time | None
    has_waited: bool
    unanswered: list[str]
    was_tried: bool

    @classmethod
    def of(cls, view: views.BacktestView) -> Forecast:
        """Return what would have become of a release, and why."""
        return cls(**_forecast(view))


class Backtest(Forecast):
    """What a rule would have done with a release on one target."""

    release: ExplainedRelease
    source: Ref | None = None  # an older listener does not tell
    target: Ref
    arrived: ReachedBy | None

    @classmethod
    def of(cls, view: views.BacktestView) -> Backtest:
        """Return what a rule would have done with a release."""
        result, arrived = view.result, view.result.arrived
        return cls(
            release=ExplainedRelease.of(result.release, result.kind, None),
            source=Ref(id=view.source_id, name=view.source_name),
            target=Ref(id=view.target_id, name=view.target_name),
            arrived=ReachedBy(version=arrived.version, at=arrived.created_at) if arrived else None,
            **_forecast(view),
        )


def _forecast(view: views.BacktestView) -> dict[str, Any]:
    result = view.result
    return {
        "status": result.status,
        "message": view.message,
        "at": result.at,
        "has_waited": result.has_waited,
        "unanswered": list(result.unanswered),
        "was_tried": result.was_tried,
    }


class FieldChange(Answer):
    """One field of a rule, before and after."""

    field: str
    before: Any
    after: Any

    @classmethod
    def of(cls, item: rule_definition.FieldChange, *, is_whole: bool) -> FieldChange:
        """Return a changed field, whole, or as everybody may see it."""
        name, before, after = item.field, item.before, item.after
        if not is_whole:
            before, after = whole_urls.cut(name, before), whole_urls.cut(name, after)
        return cls(field=name, before=before, after=after)


class ForecastChange(Answer):
    """A release on one target by a rule as it stands, and as it would be changed."""

    release: ExplainedRelease
    target: Ref
    differs: bool
    before: Forecast | None
    after: Forecast | None

    @classmethod
    def of(cls, item: views.ForecastChange) -> ForecastChange:
        """Return how a release fares under both."""
        view = item.either
        return cls(
            release=ExplainedRelease.of(view.result.release, view.result.kind, None),
            target=Ref(id=view.target_id, name=view.target_name),
            differs=item.differs,
            before=Forecast.of(item.before) if item.before is not None else None,
            after=Forecast.of(item.after) if item.after is not None else None,
        )


class TriedRule(Answer):
    """A rule that is tried; one that is not there yet has no id."""

    id: str | None
    name: str


class Trial(Answer):
    """What a change of a rule would do; nothing is saved."""

    rule: TriedRule
    changes: list[FieldChange]
    results: list[ForecastChange]
    message: str

    @classmethod
    def of(cls, view: views.Trial) -> Trial:
        """Return the fields that change, and how releases would have fared."""
        is_whole = person().rights.overall is Role.ADMIN
        rule_id = str(view.rule_id) if view.rule_id is not None else None
        return cls(
            rule=TriedRule(id=rule_id, name=view.rule_name),
            changes=[FieldChange.of(item, is_whole=is_whole) for item in view.changes],
            results=[ForecastChange.of(item) for item in view.results],
            message=view.message,
        )


class Step(Answer):
    """What becomes of one rule; one that is not there yet has no id."""

    id: str | None
    name: str
    action: rule_plan.Action
    mode: Mode | None
    changes: list[FieldChange]
    cancelled: list[str]

    @classmethod
    def of(cls, item: rule_plan.Step) -> Step:
        """Return what becomes of a rule."""
        both = (rule for rule in (item.before, item.after) if rule is not None)
        is_whole = whole_urls.may_see(name for rule in both for name in rule.names.values())
        return cls(
            id=str(item.row.id) if item.row is not None else None,
            name=item.name,
            action=item.action,
            mode=item.mode,
            changes=[FieldChange.of(each, is_whole=is_whole) for each in item.changes],
            cancelled=[str(promotion_id) for promotion_id in item.cancelled],
        )


class Freeze(Answer):
    """What becomes of a freeze; `id` is null before it is put, `app` is null on every target."""

    id: str | None
    action: FreezeAction
    app: Ref | None
    reason: str
    from_: Annotated[Time | None, Field(alias="from")]
    until: Time | None
    too_late_for: list[str]

    @classmethod
    def of(cls, item: FreezeStep) -> Freeze:
        """Return what becomes of a freeze."""
        return cls(
            id=str(item.hold_id) if item.hold_id is not None else None,
            action=item.action,
            app=Ref(id=item.app_id, name=item.place) if item.app_id is not None else None,
            reason=item.reason,
            from_=item.starts_at,
            until=item.ends_at,
            too_late_for=[str(promotion_id) for promotion_id in item.too_late_for],
        )


class Plan(Answer):
    """What a file of rules changes, or changed where it is applied; `plan` is the plan's id."""

    plan: str
    applied: bool
    rules: list[Step]
    freezes: list[Freeze]
    warnings: list[str]
    message: str

    @classmethod
    def of(cls, view: rule_plan.Plan) -> Plan:
        """Return what a file of rules changes, or changed, rule by rule."""
        return cls(
            plan=view.id,
            applied=view.is_done,
            rules=[Step.of(item) for item in view.steps],
            freezes=[Freeze.of(item) for item in view.freezes.steps],
            warnings=list(view.warnings),
            message=view.message,
        )
