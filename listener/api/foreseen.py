"""What would be: rules that are tried and files that are planned, as the API answers them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from listener.api import schemas, shapes
from listener.api.shapes import Json
from listener.core.rule import Mode
from listener.services import rule_definition, rule_plan, views
from listener.services.freezes import FreezeAction, FreezeStep


class FieldChange(schemas.Answer):
    """One field of a rule, before and after."""

    field: str
    before: Any
    after: Any


class Fared(schemas.Answer):
    """A release on one target by a rule as it stands, and as it would be changed."""

    release: schemas.ExplainedRelease
    target: schemas.Ref
    differs: bool
    before: schemas.Fate | None
    after: schemas.Fate | None


class Tried(schemas.Answer):
    """A rule that is tried; one that is not there yet has no id."""

    id: str | None
    name: str


class Trial(schemas.Answer):
    """What a change of a rule would do; nothing is saved."""

    rule: Tried
    changes: list[FieldChange]
    results: list[Fared]
    message: str


class Step(schemas.Answer):
    """What becomes of one rule; one that is not there yet has no id."""

    id: str | None
    name: str
    action: rule_plan.Action
    mode: Mode | None
    changes: list[FieldChange]
    cancelled: list[str]


class Freeze(schemas.Answer):
    """What becomes of a freeze; `id` is null before it is put, `app` is null on every target."""

    id: str | None
    action: FreezeAction
    app: schemas.Ref | None
    reason: str
    from_: Annotated[datetime | None, Field(alias="from")]
    until: datetime | None
    too_late_for: list[str]


class Plan(schemas.Answer):
    """What a file of rules changes, or changed where it is applied; `plan` is the plan's id."""

    plan: str
    applied: bool
    rules: list[Step]
    freezes: list[Freeze]
    warnings: list[str]
    message: str


def trial(view: views.Trial) -> Json:
    """Build the JSON of a trial: the fields that change, and how releases would have fared."""
    rule_id = str(view.rule_id) if view.rule_id is not None else None
    return {
        "rule": {"id": rule_id, "name": view.rule_name},
        "changes": [_change(item) for item in view.changes],
        "results": [_fared(item) for item in view.results],
        "message": view.message,
    }


def plan(view: rule_plan.Plan) -> Json:
    """Build the JSON of a plan: what a file of rules changes, or changed, rule by rule."""
    return {
        "plan": view.id,
        "applied": view.is_done,
        "rules": [_step(item) for item in view.steps],
        "freezes": [_freeze(item) for item in view.freezes.steps],
        "warnings": list(view.warnings),
        "message": view.message,
    }


def _step(item: rule_plan.Step) -> Json:
    return {
        "id": str(item.row.id) if item.row is not None else None,
        "name": item.name,
        "action": item.action,
        "mode": item.mode,
        "changes": [_change(each) for each in item.changes],
        "cancelled": [str(promotion_id) for promotion_id in item.cancelled],
    }


def _freeze(item: FreezeStep) -> Json:
    return {
        "id": str(item.hold_id) if item.hold_id is not None else None,
        "action": item.action,
        "app": {"id": item.app_id, "name": item.place} if item.app_id is not None else None,
        "reason": item.reason,
        "from": shapes.time(item.starts_at),
        "until": shapes.time(item.ends_at),
        "too_late_for": [str(promotion_id) for promotion_id in item.too_late_for],
    }


def _change(item: rule_definition.FieldChange) -> Json:
    """Build the JSON of a changed field: what it was, and what it is to be."""
    return {"field": item.field, "before": item.before, "after": item.after}


def _fared(item: views.Fared) -> Json:
    view = item.either
    return {
        "release": shapes.explained(view.result.release, view.result.kind, None),
        "target": {"id": view.target_id, "name": view.target_name},
        "differs": item.differs,
        "before": shapes.fate(item.before) if item.before is not None else None,
        "after": shapes.fate(item.after) if item.after is not None else None,
    }
