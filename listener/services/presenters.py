"""Views made of rows: what people want to see beside them is fetched for a whole page at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from sqlalchemy import Connection

from listener.core.gates.base import is_for_word
from listener.core.gates.options import Conditions
from listener.core.gates.registry import APPROVALS, BRAKE
from listener.core.rule import Mode, strategy_of
from listener.db import approvals, apps, queries, rules, shown_shipments, subscriptions
from listener.db.holds import HoldRow
from listener.db.lanes import EndedRow
from listener.db.promotions import PromotionRow
from listener.db.rules import RuleRow
from listener.db.tables import rule_receiver
from listener.inventory import evidence
from listener.roles import EVERYTHING, Scope
from listener.services import rule_warnings, told_commits
from listener.services.views import DeliveryView, HoldView, Names, PromotionView, RuleView

Told = TypeVar("Told", PromotionRow, EndedRow)


def of_rules(
    conn: Connection, rows: Sequence[RuleRow], scope: Scope = EVERYTHING
) -> list[RuleView]:
    """Add to rules their apps' names, the strategy that is used, warnings, and who is told.

    Warnings name rules only whose apps are all in scope.
    """
    names = apps.names(conn, {app for row in rows for app in (row.source_id, *row.target_ids)})
    generations = apps.generations(conn, {row.source_id for row in rows})
    ids = [row.id for row in rows]
    told, receivers = rules.of_rules(conn, ids), rules.of_rules(conn, ids, rule_receiver)
    warnings = _warnings(conn, [row for row in rows if row.acts], names, scope)
    return [
        replace(
            _of_rule(row, names, generations[row.source_id]),
            notify=tuple(service.shown for service in told.get(row.id, ())),
            events_to=tuple(each.shown for each in receivers.get(row.id, ())),
            warnings=tuple(warnings.get(row.id, ())),
        )
        for row in rows
    ]


def _warnings(
    conn: Connection, acting: Sequence[RuleRow], names: Names, scope: Scope
) -> dict[int, list[str]]:
    """Find what may surprise people about each of these rules, which all act."""
    armed = [row.route for row in rules.live(conn, scope=scope) if row.mode is Mode.ARMED]
    heard = {row.app_id for row in subscriptions.live(conn)}
    wanting = {row.source_id for row in acting if row.conditions.needs_commits}
    told = {app_id: told_commits.count(conn, app_id) for app_id in wanting}
    found: dict[int, list[str]] = {}
    for row in acting:
        name = names[row.source_id]
        said = rule_warnings.beside(row.route, armed, names) if row.mode is Mode.ARMED else []
        said += rule_warnings.unreadable(row.name, row.conditions)
        said += rule_warnings.of_checks(row.conditions)
        said += [] if row.source_id in heard else [rule_warnings.without_webhook(name)]
        if row.conditions.needs_commits:
            said += rule_warnings.of_commits(name, told[row.source_id])
        found[row.id] = said
    return found


def _of_rule(row: RuleRow, names: Names, generation: str) -> RuleView:
    strategy = strategy_of(row.strategy, generation)
    if strategy is row.strategy:
        return RuleView(row, names, strategy)
    note = f"for {names[row.source_id]} is a Fir app, and its images go no other way"
    return RuleView(row, names, strategy, note)


def of_promotions(
    conn: Connection,
    rows: Sequence[PromotionRow],
    scope: Scope = EVERYTHING,
    *,
    with_commits: bool = False,
) -> list[PromotionView]:
    """Add to promotions their apps' and rules' names, last nonces, what ships, and who approved.

    Nothing names a rule of which an app is not in scope, as whoever asks may not see that rule.
    """
    names = apps.names(conn, {app for row in rows for app in (row.source_id, row.target_id)})
    rule_ids = {row.rule_id for row in rows if row.rule_id is not None}
    named = rules.names(conn, rule_ids, scope=scope)
    hidden = rules.names(conn, rule_ids - named.keys()) if rule_ids - named.keys() else {}
    ids = [row.id for row in rows]
    nonces = queries.nonces(conn, ids)
    ships = shown_shipments.of_each(conn, ids, with_commits=with_commits)
    said, conditions = approvals.of_each(conn, rows), evidence.conditions_of_each(conn, rows)
    needed = {row.id: _needed(row, conditions[row.id]) for row in rows}
    return [
        PromotionView(
            without(row, hidden.get(row.rule_id or 0)),
            names,
            named.get(row.rule_id or 0),
            nonces.get(row.id),
            evidence.votes_of(row, said[row.id]) if needed[row.id] else said[row.id],
            needed[row.id],
            ships=ships.get(row.id),
        )
        for row in rows
    ]


def without(row: Told, rule: str | None) -> Told:
    """Return a promotion whose reason does not name this rule; as it is where there is none."""
    return row if rule is None else replace(row, reason=unnamed(row.reason, rule))


def unnamed(text: str, rule: str) -> str:
    """Return what is told of a promotion without the name of its rule."""
    return text.replace(f"Rule {rule} ", "Its rule ")


def _needed(row: PromotionRow, conditions: Conditions) -> int:
    """Count the people who must approve; at least one where the brake or a gate asks for it."""
    aside = row.override["gates"] if row.override is not None else ()
    waits = [gate for gate in row.gates if gate["verdict"] == "wait"]
    asks = any(gate["name"] == BRAKE.name or is_for_word(gate["facts"]) for gate in waits)
    return max(conditions.approvals if APPROVALS.name not in aside else 0, int(asks))


def of_holds(
    conn: Connection, rows: Sequence[HoldRow], scope: Scope = EVERYTHING
) -> list[HoldView]:
    """Add to holds the names of their apps; of those left out, the ones in scope."""
    named = {row.app_id for row in rows if row.app_id is not None}
    names = apps.names(conn, named.union(*(row.but or () for row in rows)))
    return [
        HoldView(
            row,
            names.get(row.app_id or ""),
            tuple((app_id, name) for app_id, name in _left_out(row, names) if scope.has(name)),
        )
        for row in rows
    ]


def _left_out(row: HoldRow, names: Names) -> list[tuple[str, str]]:
    return [(app_id, names.get(app_id, app_id)) for app_id in row.but or ()]


def of_deliveries(conn: Connection, release_id: str) -> tuple[DeliveryView, ...]:
    """Find the deliveries that named a release, with the name of its app."""
    rows = queries.deliveries_of(conn, release_id)
    names = apps.names(conn, {row.app_id for row in rows if row.app_id is not None})
    return tuple(DeliveryView(row, names.get(row.app_id or "")) for row in rows)
