"""The promotions service: shows, cancels and retries them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from sqlalchemy import Connection

from listener.core import rollback
from listener.core.promotion import ENDED, RETRYABLE, PromotionKind, Status
from listener.core.rule import Mode
from listener.db import (
    approvals,
    apps,
    promotions,
    queries,
    releases,
    rules,
    waiting_promotions,
)
from listener.db.promotions import PromotionRow
from listener.db.queries import Moment
from listener.errors import Conflict, NotFound
from listener.inventory.context import Context
from listener.services import apps as named
from listener.services import cancel as cancelling
from listener.services import presenters, seen
from listener.services.apps import number_of
from listener.services.seen import Saw
from listener.services.views import PromotionView


def list_(
    context: Context, *, app: str | None, status: Status | None, limit: int
) -> list[PromotionView]:
    """List promotions, newest first, of one app (either end) and in one status if given."""
    with context.database.begin() as conn:
        app_id, scope = named.find_id(context, conn, app), context.reach.sees
        rows = promotions.list_(conn, app_id=app_id, status=status, scope=scope, limit=limit)
        return presenters.of_promotions(conn, rows, scope)


def get(context: Context, promotion_id: str) -> PromotionView:
    """Return one promotion, with its timeline. Raises NotFound."""
    with context.database.begin() as conn:
        row = find(context, conn, promotion_id)
        view = view_of(context, conn, row, with_commits=True)
        return replace(view, timeline=_timeline(conn, view))


def cancel(context: Context, promotion_id: str, *, by: str) -> PromotionView:
    """End a promotion that waits. Raises Conflict where it does not."""
    with context.database.begin() as conn:
        before = find(context, conn, promotion_id)
        row = cancelling.cancel(conn, before, why=f"Cancelled by {by}.", by=by)
        if row is None:
            raise too_late(find(context, conn, promotion_id), "cancelled")
        return view_of(context, conn, row)


def _asked_by(conn: Connection, row: PromotionRow, by: str) -> dict[str, Any]:
    """Return what a retry changes of a promotion by hand: whoever retries asks for it now."""
    if not row.is_by_hand:
        return {}
    if row.kind is PromotionKind.PROMOTE:
        return {"created_by": by}
    history = releases.history(conn, row.target_id)
    return {"created_by": by, "target_ran": rollback.running_artifact(history)}


def retry(context: Context, promotion_id: str, *, by: str, saw: Saw | None = None) -> PromotionView:
    """Let an ended promotion wait again.

    Raises Conflict where it is no longer wanted, or not any more what a page showed.
    """
    with context.database.begin() as conn:
        found = find(context, conn, promotion_id)
        apps.lock(conn, [found.source_id, found.target_id])
        before = find(context, conn, promotion_id)
        if before.status not in RETRYABLE:
            raise too_late(before, "retried")
        seen.check(conn, saw)
        revision = _check_wanted(context, conn, before)
        # Somebody may have repaired just these apps: forget what is stored of them.
        for app_id in {before.source_id, before.target_id}:
            apps.forget_facts(conn, app_id)
        waiting_promotions.lock_around(conn, before.source_id)
        # Its status allows it, and nobody else moves it while the target is locked.
        asked = _asked_by(conn, before, by)
        row = cast(
            PromotionRow,
            waiting_promotions.retry(conn, before.id, reason=f"Retried by {by}.", **asked),
        )
        approvals.ask_anew(conn, row)
        if before.rule_id is not None and revision != before.rule_revision:
            waiting_promotions.reschedule_rule(conn, before.rule_id, revision)
            row = promotions.get(conn, row.id)
        cancelling.record(conn, by, "promotion.retried", before, row)
        return view_of(context, conn, row)


def find(context: Context, conn: Connection, promotion_id: str) -> PromotionRow:
    """Find the promotion of this id, as people write it.

    Raises NotFound, also where one of its apps is hidden; Forbidden unless what is asked for is
    allowed on its target.
    """
    number, reach = number_of(promotion_id), context.reach
    row = promotions.find(conn, number, scope=reach.sees) if number is not None else None
    if row is None:
        raise NotFound("promotion", "Couldn't find that promotion.")
    if not reach.acts.is_all:
        reach.check(apps.get(conn, row.target_id).name)
    return row


def view_of(
    context: Context, conn: Connection, row: PromotionRow, *, with_commits: bool = False
) -> PromotionView:
    """Return the promotion with what people want to see beside it."""
    scope = context.reach.sees
    return presenters.of_promotions(conn, [row], scope, with_commits=with_commits)[0]


def _timeline(conn: Connection, view: PromotionView) -> tuple[Moment, ...]:
    """Return what became of it, without the name of a rule that whoever asks may not see."""
    moments, rule_id = queries.timeline(conn, view.row.id), view.row.rule_id
    if rule_id is None or view.rule_name is not None:
        return moments
    rule = rules.get(conn, rule_id).name
    return tuple(replace(one, message=presenters.unnamed(one.message, rule)) for one in moments)


def too_late(row: PromotionRow, what: str) -> Conflict:
    """Build the error that says why a promotion cannot be cancelled, retried or approved now."""
    if row.status in ENDED:
        message = f"Promotion {row.id} has ended: it is {row.status}."
        look = f"`autopromote promotions:info {row.id}` tells how it went."
        return Conflict("promotion_settled", f"{message} {look}")
    message = f"Promotion {row.id} is {row.status} and cannot be {what} now."
    return Conflict("not_in_this_state", message)


def _check_wanted(context: Context, conn: Connection, row: PromotionRow) -> int:
    """Check that its rule still promotes there; return the rule's revision (0: no rule).

    Raises Conflict otherwise, or where another promotion by hand is about to do the same.
    """
    if row.rule_id is None:
        same = promotions.find_by_hand(
            conn, release_id=row.release_id, target_id=row.target_id, kind=row.kind
        )
        if same is not None:
            raise Conflict("not_in_this_state", f"Promotion {same.id} does the same already.")
        return 0
    rule, seen = rules.get(conn, row.rule_id), context.reach.sees
    is_seen = bool(rules.names(conn, [rule.id], scope=seen))
    which = f"Rule {rule.name}" if is_seen else "Its rule"
    if not rule.is_live:
        raise Conflict("not_in_this_state", f"{which} was removed.")
    if rule.mode is Mode.OFF:
        raise Conflict("not_in_this_state", f"{which} is off.")
    if row.target_id not in rule.target_ids:
        name = apps.get(conn, row.target_id).name
        raise Conflict("not_in_this_state", f"{which} no longer promotes to {name}.")
    return rule.revision
