"""The back-test desk: what a rule would have done with the releases that its source really had."""

from __future__ import annotations

from sqlalchemy import Connection

from listener.backtest import Case, Result, backtest
from listener.desk import sayings
from listener.desk.asking import Asking
from listener.desk.views import BacktestView
from listener.errors import NotFound
from listener.steps.readings import Reading
from listener.steps.tools import Tools
from listener.store import apps, releases, rules
from listener.store.rules import RuleRow


class BacktestsDesk:
    """Plays rules over history; nothing is promoted, and nothing but readings is stored."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def of_rule(self, name_or_id: str, *, newest: int) -> list[BacktestView]:
        """What would have become of the source's newest releases on each target, newest first."""
        with self._tools.database.begin() as conn:
            rule = rules.find(conn, name_or_id)
        if rule is None:
            raise NotFound("rule", "Couldn't find that rule.")
        ask, read = Asking("Nothing was tried."), self._tools.readings.releases
        source = ask(read, rule.source_id)
        targets = [ask(read, target_id) for target_id in rule.target_ids]
        with self._tools.database.begin() as conn:
            tried = [_tried(conn, rule, source, target, newest) for target in targets]
        views = [view for views in tried for view in views]
        return sorted(views, key=lambda view: -view.result.release.version)


def _tried(
    conn: Connection, rule: RuleRow, source: Reading, target: Reading, newest: int
) -> list[BacktestView]:
    case = Case(
        source=apps.get(conn, source.app_id).facts,
        target=apps.get(conn, target.app_id).facts,
        source_history=source.history,
        target_history=target.history,
        now=releases.started_at(conn),
        on_newer=rule.on_newer,
    )
    return [_view(case, result) for result in backtest(case, newest=newest)]


def _view(case: Case, result: Result) -> BacktestView:
    message = result.message
    if result.status is None:
        message = sayings.what_it_is(case.source.name, case.source_history, result.release)
    return BacktestView(case.target.id, case.target.name, result, message)
