"""What the conditions of a rule ask about, from what is written down."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from listener.conditions import NONE, Conditions
from listener.decision import Approval, Override
from listener.promotion import PromotionKind
from listener.steps.checking import streak_of
from listener.store import approvals, neighbours, releases, rules
from listener.store.promotions import PromotionRow

A_DAY = timedelta(hours=24)


def conditions_of(conn: Connection, row: PromotionRow) -> Conditions:
    """The conditions of its rule; by hand, those of the rule that promotes the same way."""
    if row.kind is PromotionKind.ROLLBACK:
        return NONE
    if row.rule_id is not None:
        return rules.get(conn, row.rule_id).conditions
    for rule in rules.of_source(conn, row.source_id):
        if row.target_id in rule.target_ids:
            return rule.conditions
    return NONE


def gather(conn: Connection, row: PromotionRow) -> dict[str, Any]:
    """Those facts of a candidate, by the names of its fields."""
    conditions = conditions_of(conn, row)
    if conditions == NONE:
        return {}
    said = releases.commit_message(conn, row.source_id, row.artifact)
    return {
        "conditions": conditions,
        "found_at": row.created_at,
        "soaks_from": row.soaks_from,
        "author": row.author,
        "commit_message": said or None,
        "approvals": (*_of_whoever_asked(row), *approvals.of(conn, row)),
        "past": neighbours.past(conn, row, within=_horizon(conditions)),
        "override": _override(row),
        "streak": streak_of(row),
    }


def _of_whoever_asked(row: PromotionRow) -> tuple[Approval, ...]:
    """Whoever promotes by hand says yes by that."""
    by = row.created_by if row.is_by_hand else None
    return (Approval(by, row.created_at),) if by is not None else ()


def _horizon(conditions: Conditions) -> timedelta:
    """How far back the gates of pace look."""
    brake = conditions.brake.within if conditions.brake is not None else timedelta(0)
    return max(A_DAY, conditions.min_gap, brake)


def _override(row: PromotionRow) -> Override | None:
    if row.override is None:
        return None
    kept = row.override
    return Override(frozenset(kept["gates"]), kept["by"], kept["reason"])
