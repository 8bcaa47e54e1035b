"""The back-test service: what a rule would have done with its source's real releases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from listener.core.app import App
from listener.core.backtest import Case, Result, backtest
from listener.core.release import History
from listener.core.rule import strategy_of
from listener.db import (
    commit_words,
    related_promotions,
    release_requests,
    releases,
    shipments,
)
from listener.inventory.commits import sha_of
from listener.inventory.context import Context
from listener.services import explain, rule_definition, rules
from listener.services.heroku_calls import HerokuCall
from listener.services.rule_definition import NewRule, RuleChange, RuleDefinition
from listener.services.views import BacktestView, ForecastChange, Trial


@dataclass(frozen=True, slots=True)
class RecordedHistory:
    """What really happened, as Heroku tells it now: the releases of every app by its id."""

    histories: dict[str, History]
    now: datetime


def of_rule(context: Context, name_or_id: str, *, newest: int) -> list[BacktestView]:
    """Play the rule over its source's newest releases, for each target; newest first."""
    with context.database.begin() as conn:
        rule = rule_definition.standing(conn, rule_definition.get(context, conn, name_or_id))
    past = read(context, HerokuCall("Nothing was tried.", shared=context.shared), [rule])
    with context.database.begin() as conn:
        return play(conn, rule, past, newest=newest)


def read(context: Context, ask: HerokuCall, rules: Sequence[RuleDefinition]) -> RecordedHistory:
    """Ask Heroku for the releases of the apps of rules, each once. Raises HerokuUnreadable."""
    ids = dict.fromkeys(app.id for rule in rules for app in (rule.source, *rule.targets))
    read = {app_id: ask(context.reader.releases, app_id).history for app_id in ids}
    with context.database.begin() as conn:
        return RecordedHistory(read, releases.now(conn))


def play(
    conn: Connection, rule: RuleDefinition, past: RecordedHistory, *, newest: int
) -> list[BacktestView]:
    """Play a rule over its source's newest releases, for each target; newest first."""
    views = [view for target in rule.targets for view in _tried(conn, rule, target, past, newest)]
    return sorted(views, key=lambda view: -view.result.release.version)


def _tried(
    conn: Connection, rule: RuleDefinition, target: App, past: RecordedHistory, newest: int
) -> list[BacktestView]:
    case = Case(
        source=rule.source,
        target=target,
        source_history=past.histories[rule.source.id],
        target_history=past.histories[target.id],
        now=past.now,
        strategy=strategy_of(rule.strategy, rule.source.generation),
        on_newer=rule.on_newer,
        conditions=rule.conditions,
        **_of_commits(conn, rule, target, past),
        authors=related_promotions.authors(conn, rule.source.id),
    )
    return [_view(case, result) for result in backtest(case, newest=newest)]


def _of_commits(
    conn: Connection, rule: RuleDefinition, target: App, past: RecordedHistory
) -> dict[str, Any]:
    """Return what is stored of the commits of both apps, as live decisions have it."""
    both = [rule.source.id, target.id]
    artifacts = frozenset[str]().union(*(past.histories[app_id].artifacts for app_id in both))
    named = shipments.commits_of(conn, both, artifacts).items()
    commits = {artifact: sha for artifact, said in named if (sha := sha_of(said)) is not None}
    own = release_requests.kinds(conn, target.id)
    if not rule.conditions.needs_commits:
        return {"commits": commits, "own": own}
    found = shipments.between(conn, set(commits.values()))
    coming = {each.sha for each_range in found.values() for each in each_range.coming}
    worded = commit_words.of(conn, target.id, coming)
    return {"commits": commits, "own": own, "comparisons": found, "worded": worded}


def _view(case: Case, result: Result) -> BacktestView:
    message = result.message
    if result.status is None and result.was_tried:
        message = explain.what_it_is(case.source.name, case.source_history, result.release)
    source, target = case.source, case.target
    return BacktestView(source.id, source.name, target.id, target.name, result, message)


NOT_TRIED = "Nothing was tried, and nothing was saved."


def of_new(context: Context, wish: NewRule, *, newest: int) -> Trial:
    """Return what a new rule would have done."""
    ask = HerokuCall(NOT_TRIED, shared=context.shared)
    wanted = rules.new(context, ask, wish)
    return _try(context, ask, None, None, wanted, newest)


def of_change(context: Context, name_or_id: str, change: RuleChange, *, newest: int) -> Trial:
    """Return what a rule would have done with this change, and without it."""
    ask = HerokuCall(NOT_TRIED, shared=context.shared)
    with context.database.begin() as conn:
        row = rule_definition.get(context, conn, name_or_id)
        standing = rule_definition.standing(conn, row)
    wanted = rules.changed(context, ask, standing, change)
    return _try(context, ask, row.id, standing, wanted, newest)


def _try(
    context: Context,
    ask: HerokuCall,
    rule_id: int | None,
    standing: RuleDefinition | None,
    wanted: RuleDefinition,
    newest: int,
) -> Trial:
    rules.check(context, ask, wanted, standing)
    both = [rule for rule in (standing, wanted) if rule is not None]
    past = read(context, ask, both)
    with context.database.begin() as conn:
        rule_definition.check_beside(context, conn, wanted, but=rule_id)
        results = _fared(conn, standing, wanted, past, newest)
    name = standing.name if standing is not None else wanted.name
    changes = rule_definition.changes(standing, wanted)
    return Trial(rule_id, name, changes, results, _message(results, is_new=standing is None))


def _fared(
    conn: Connection,
    standing: RuleDefinition | None,
    wanted: RuleDefinition,
    past: RecordedHistory,
    newest: int,
) -> tuple[ForecastChange, ...]:
    """Return how each release fared on each target under both rules, newest first."""
    played = play(conn, standing, past, newest=newest) if standing is not None else []
    before, after = _keyed(played), _keyed(play(conn, wanted, past, newest=newest))
    keys = sorted({**after, **before}, key=lambda key: (-key[0], key[1]))
    return tuple(ForecastChange(before.get(key), after.get(key)) for key in keys)


def _keyed(views: list[BacktestView]) -> dict[tuple[int, str], BacktestView]:
    return {(view.result.release.version, view.target_name): view for view in views}


def _message(results: tuple[ForecastChange, ...], *, is_new: bool) -> str:
    told = [fared for fared in results if fared.is_told]
    counted = len(_versions(results))
    if is_new:
        gone = _versions(fared for fared in told if fared.either.would_have_gone)
        first = f"{len(gone)} of the {counted} newest releases would have gone."
    else:
        others = _versions(fared for fared in told if fared.differs)
        first = f"{len(others)} of the {counted} newest releases would have fared otherwise."
    return " ".join([first, *_untried(results)])


def _untried(results: tuple[ForecastChange, ...]) -> Iterator[str]:
    """Say for how many releases there is nothing to compare, and why."""
    if early := _versions(fared for fared in results if not fared.either.result.was_tried):
        yield f"{len(early)} of them came before its target was there."
    if untold := _versions(fared for fared in results if not fared.is_told):
        yield f"Of {len(untold)} of them it cannot be told."


def _versions(results: Iterable[ForecastChange]) -> set[int]:
    return {fared.either.result.release.version for fared in results}
