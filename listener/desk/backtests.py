"""The back-test desk: what a rule would have done with the releases that its source really had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from listener.apps import App
from listener.backtest import Case, Result, backtest
from listener.desk import declared, messages, sayings
from listener.desk.asking import Asking
from listener.desk.declared import Declared
from listener.desk.views import BacktestView
from listener.history import History
from listener.rules import strategy_of
from listener.steps.tools import Tools
from listener.store import neighbours, releases


@dataclass(frozen=True, slots=True)
class Past:
    """What really happened, as Heroku tells it now: the releases of every app by its id."""

    histories: dict[str, History]
    now: datetime


class BacktestsDesk:
    """Plays rules over history; nothing is promoted, and nothing but readings is stored."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def of_rule(self, name_or_id: str, *, newest: int) -> list[BacktestView]:
        """What would have become of the source's newest releases on each target, newest first."""
        with self._tools.database.begin() as conn:
            rule = declared.standing(conn, declared.get(conn, name_or_id))
        past = read(self._tools, Asking("Nothing was tried."), [rule])
        with self._tools.database.begin() as conn:
            return play(conn, rule, past, newest=newest)


def read(tools: Tools, ask: Asking, rules: Sequence[Declared]) -> Past:
    """Ask Heroku for the releases of the apps of rules, each once. Raises HerokuUnreadable.

    Also for some commit messages, where a rule asks for them: what it tells decides live too.
    """
    ids = dict.fromkeys(app.id for rule in rules for app in (rule.source, *rule.targets))
    read = {app_id: ask(tools.readings.releases, app_id).history for app_id in ids}
    wanting = (rule for rule in rules if rule.conditions.needs_commit_message)
    for source_id in dict.fromkeys(rule.source.id for rule in wanting):
        messages.learn(tools, ask, source_id)
    with tools.database.begin() as conn:
        return Past(read, releases.started_at(conn))


def play(conn: Connection, rule: Declared, past: Past, *, newest: int) -> list[BacktestView]:
    """What would have become of the newest releases on each target of a rule, newest first."""
    views = [view for target in rule.targets for view in _tried(conn, rule, target, past, newest)]
    return sorted(views, key=lambda view: -view.result.release.version)


def _tried(
    conn: Connection, rule: Declared, target: App, past: Past, newest: int
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
        commit_messages=releases.commit_messages(conn, rule.source.id),
        authors=neighbours.authors(conn, rule.source.id),
    )
    return [_view(case, result) for result in backtest(case, newest=newest)]


def _view(case: Case, result: Result) -> BacktestView:
    message = result.message
    if result.status is None and result.was_tried:
        message = sayings.what_it_is(case.source.name, case.source_history, result.release)
    return BacktestView(case.target.id, case.target.name, result, message)
