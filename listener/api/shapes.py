"""The JSON that the API answers with: every shape in one place, as others rely on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from listener.api import rule_options
from listener.core import verification
from listener.core.gates.base import Approval
from listener.core.promotion import Status
from listener.core.release import Kind, Release
from listener.core.verification import redact
from listener.db.promotions import PromotionRow
from listener.db.queries import Moment
from listener.db.subscriptions import SecretRow
from listener.services.output import OutputView
from listener.services.troubles import TroubleView
from listener.services.views import (
    BacktestView,
    DeliveryView,
    Explanation,
    Freed,
    Going,
    HoldPut,
    HoldsReleased,
    HoldView,
    Next,
    PromotionView,
    ReleaseForeseen,
    RuleExplanation,
    RuleView,
    SubscriptionView,
)

Json = dict[str, Any]


def time(moment: datetime | None) -> str | None:
    """Format a moment in UTC, ISO 8601 with `Z`; None stays None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ref(app_id: str, names: Mapping[str, str]) -> Json:
    """Build the JSON of an app, as other shapes nest it."""
    return {"id": app_id, "name": names.get(app_id, app_id)}


def rule(view: RuleView) -> Json:
    """Build the JSON of a rule."""
    row = view.row
    note = {"strategy_note": view.strategy_note} if view.strategy_note is not None else {}
    return {
        "id": str(row.id),
        "name": row.name,
        "mode": row.mode,
        "strategy": view.strategy,
        **note,
        "on_newer": row.on_newer,
        **rule_options.told(row.conditions),
        "notify": list(view.notify),
        "warnings": list(view.warnings),
        "revision": row.revision,
        "source": ref(row.source_id, view.names),
        "targets": [
            {
                **ref(target.app_id, view.names),
                "baseline": target.baseline,
                "baseline_note": f"acts from v{target.baseline + 1} on",
            }
            for target in row.targets
        ],
        "created_at": time(row.created_at),
        "updated_at": time(row.updated_at),
        "created_by": row.created_by,
    }


def subscription(view: SubscriptionView) -> Json:
    """Build the JSON of a subscription; never a secret, only what became of each."""
    row = view.row
    return {
        "id": str(row.id),
        "app": {"id": row.app_id, "name": view.app_name},
        "url": row.url,
        "level": row.level,
        "healthy": view.is_healthy,
        "health": view.health,
        "heroku_id": row.heroku_id,
        "last_delivery_at": time(row.last_delivery_at),
        "secrets": [_secret(secret) for secret in row.secrets],
        "created_at": time(row.created_at),
        "updated_at": time(row.updated_at),
    }


def _secret(row: SecretRow) -> Json:
    return {
        "state": row.state,
        "created_at": time(row.created_at),
        "proved_at": time(row.proved_at),
        "valid_until": time(row.valid_until),
    }


def delivery(view: DeliveryView) -> Json:
    """Build the JSON of a delivery, without its body."""
    row = view.row
    is_release = row.release_id is not None
    return {
        "id": str(row.id),
        "app": {"id": row.app_id, "name": view.app_name} if row.app_id is not None else None,
        "delivery_id": row.delivery_id,
        "event_id": row.event_id,
        "action": row.action,
        "release": {"id": row.release_id, "version": row.version} if is_release else None,
        "received_at": time(row.received_at),
        "last_received_at": time(row.last_received_at),
        "times": row.times,
        "outcome": row.outcome,
        "settled_at": time(row.settled_at),
        "subscription": _nested(row.subscription_id),
    }


def _nested(row_id: int | None) -> Json | None:
    return {"id": str(row_id)} if row_id is not None else None


def promotion(view: PromotionView) -> Json:
    """Build the JSON of a promotion; its timeline only where one promotion was asked for."""
    row = view.row
    shape = {
        "id": str(row.id),
        "status": row.status,
        "reason": row.reason,
        "due_at": time(row.due_at),
        # As far as time alone decides; of no interest once it has been decided.
        "earliest_at": time(row.earliest_at) if row.status is Status.WAITING else None,
        "rule": _rule_of(view),
        "by_hand": row.is_by_hand,
        "kind": row.kind,
        "found_by": row.found_by,
        "source": {
            "app": ref(row.source_id, view.names),
            "release": {"id": row.release_id, "version": row.version},
            "slug": {"id": row.artifact, "commit": row.commit},
        },
        "target": {"app": ref(row.target_id, view.names), "release": _arrived(view)},
        "gates": [_gate(gate) for gate in row.gates],
        "verification": _verification(row),
        "approvals": {
            "needed": view.needed,
            "given": [_approval(each) for each in view.approvals],
        },
        "override": {"holds": [], **row.override} if row.override is not None else None,
        "nonce": view.nonce,
        "created_by": row.created_by,
        "created_at": time(row.created_at),
        "updated_at": time(row.updated_at),
        "ended_at": time(row.ended_at),
    }
    if view.timeline is not None:
        shape["timeline"] = [_moment(moment) for moment in view.timeline]
    return shape


def output(view: OutputView) -> Json:
    """Build the JSON of a piece of an output; never the URL that it came from."""
    is_released = view.release_id is not None
    return {
        "offset": view.offset,
        "text": view.text,
        "is_over": view.is_over,
        "release": {"id": view.release_id, "version": view.version} if is_released else None,
        "message": view.message,
    }


def _rule_of(view: PromotionView) -> Json | None:
    row = view.row
    if row.rule_id is None:
        return None
    return {"id": str(row.rule_id), "name": view.rule_name, "revision": row.rule_revision}


def _arrived(view: PromotionView) -> Json | None:
    row = view.row
    if row.target_release_id is None:
        return None
    return {"id": row.target_release_id, "version": row.target_version}


def _verification(row: PromotionRow) -> Json | None:
    """Build the JSON of how well production answered since the release; null where nobody asks."""
    if row.verification is None or row.target_release_id is None:
        return None
    seen, is_asked = verification.read(row.verification), row.status is Status.VERIFYING
    until = row.status_at + seen.lasts if is_asked and row.status_at is not None else None
    return {
        "urls": [redact(url) for url in seen.urls],
        "good": seen.good,
        "asked": seen.asked,
        "of": seen.planned,
        "in_a_row": seen.run,
        "last_bad": seen.said or None,
        "on_failure": seen.on_failure,
        "outcome": seen.outcome,
        "until": time(until),
    }


def _gate(kept: Json) -> Json:
    until = kept.get("until")
    return {
        "name": kept["name"],
        "verdict": kept["verdict"],
        "message": kept["message"],
        "until": time(datetime.fromisoformat(until)) if until else None,
        "facts": kept.get("facts") or {},
    }


def _approval(said: Approval) -> Json:
    return {
        "by": said.by,
        "approved": said.is_approved,
        "reason": said.reason,
        "at": time(said.at),
    }


def _moment(moment: Moment) -> Json:
    return {"at": time(moment.at), "event": moment.event, "message": moment.message}


def hold(view: HoldView) -> Json:
    """Build the JSON of a hold; without an app it is on every target."""
    row = view.row
    return {
        "id": str(row.id),
        "app": {"id": row.app_id, "name": view.app_name} if row.app_id is not None else None,
        "except": [{"id": app_id, "name": name} for app_id, name in view.but],
        "kind": row.kind,
        "reason": row.reason,
        "by": row.by,
        "created_at": time(row.created_at),
        "from": time(row.starts_at),
        "until": time(row.ends_at),
        "released_at": time(row.released_at),
        "released_by": row.released_by,
    }


def hold_put(put: HoldPut) -> Json:
    """Build the JSON of a new hold, and of what it came too late for."""
    late = [str(promotion_id) for promotion_id in put.too_late_for]
    return {**hold(put.hold), "too_late_for": late, "message": put.message}


def release_foreseen(view: ReleaseForeseen) -> Json:
    """Build the JSON of a previewed release; `agreed` is what to send with the release."""
    return {
        "holds": [hold(each) for each in view.holds],
        "planned": [hold(each) for each in view.planned],
        "targets": [_freed(item) for item in view.freed],
        "agreed": {
            "holds": [str(each.row.id) for each in view.holds],
            "promotions": [str(number) for number in sorted(view.going)],
        },
        "message": view.message,
    }


def _freed(item: Freed) -> Json:
    return {
        "app": {"id": item.app_id, "name": item.app_name},
        "still": item.still,
        "waiting": [_going(each, item) for each in item.waiting],
    }


def _going(item: Going, freed: Freed) -> Json:
    than = item.than
    return {
        "promotion": promotion(item.promotion),
        "goes": item in freed.going,
        "needs_word": item.needs_word,
        "made_at": time(item.made_at),
        "is_older": item.is_older,
        "than": {"id": than.id, "version": than.version, "created_at": time(than.created_at)}
        if than is not None
        else None,
        "message": item.message,
    }


def holds_released(done: HoldsReleased) -> Json:
    """Build the JSON of the released holds, those that are to come still, and what goes next."""
    return {
        "released": [hold(view) for view in done.released],
        "planned": [hold(view) for view in done.planned],
        "next": [_next(item) for item in done.next],
        "cancelled": [promotion(view) for view in done.cancelled],
        "message": done.message,
    }


def _next(item: Next) -> Json:
    return {
        "app": {"id": item.app_id, "name": item.app_name},
        "promotion": promotion(item.promotion) if item.promotion is not None else None,
        "message": item.message,
    }


def explanation(view: Explanation) -> Json:
    """Build the JSON of what every rule and gate said of a release."""
    return {
        "app": {"id": view.app_id, "name": view.app_name},
        "release": explained(view.release, view.kind, view.commit),
        "summary": view.summary,
        "deliveries": [delivery(item) for item in view.deliveries],
        "promotions": [promotion(item) for item in view.promotions],
        "rules": [_saying(item) for item in view.sayings],
        "troubles": [trouble(item) for item in view.troubles],
    }


def trouble(view: TroubleView) -> Json:
    """Build the JSON of a trouble."""
    found = view.trouble
    return {
        "id": str(found.id),
        "cause": found.cause,
        "title": view.title,
        "message": found.message,
        "mend": view.mend,
        "since": time(found.since),
        "last_at": time(found.last_at),
        "times": found.times,
        "apps": [{"id": app.id, "name": app.name} for app in view.apps],
    }


def explained(release: Release, kind: Kind, commit: str | None) -> Json:
    """Build the JSON of a release that something is told about."""
    return {
        "id": release.id,
        "version": release.version,
        "status": release.status,
        "kind": "unknown" if kind is Kind.UNSETTLED else kind,
        "slug": {"id": release.artifact, "commit": commit} if release.artifact else None,
        "description": release.description,
        "created_at": time(release.created_at),
    }


def backtest(view: BacktestView) -> Json:
    """Build the JSON of what would have become of a release on one target."""
    result, arrived = view.result, view.result.arrived
    return {
        "release": explained(result.release, result.kind, None),
        "target": {"id": view.target_id, "name": view.target_name},
        **fate(view),
        "arrived": {"version": arrived.version, "at": time(arrived.created_at)}
        if arrived is not None
        else None,
    }


def fate(view: BacktestView) -> Json:
    """Build the JSON of what would have become of a release, and why."""
    result = view.result
    return {
        "status": result.status,
        "message": view.message,
        "at": time(result.at),
        "has_waited": result.has_waited,
        "unanswered": list(result.unanswered),
        "was_tried": result.was_tried,
    }


def _saying(item: RuleExplanation) -> Json:
    return {
        "rule": {"id": str(item.rule_id), "name": item.rule_name},
        "target": {"id": item.target_id, "name": item.target_name},
        "says": item.says,
        "promotion_id": str(item.promotion_id) if item.promotion_id is not None else None,
    }
