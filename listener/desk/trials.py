"""The trials desk: what a rule would do if it were changed, before anybody changes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection

from listener.desk import backtests, declared, wishes
from listener.desk.asking import Asking
from listener.desk.declared import Declared, NewRule, RuleChange
from listener.desk.views import BacktestView, Fared, Trial
from listener.steps.tools import Tools

NOT_TRIED = "Nothing was tried, and nothing was saved."


class TrialsDesk:
    """Plays rules that nobody has saved; they are refused as they would be if somebody did."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def of_new(self, wish: NewRule, *, newest: int) -> Trial:
        """What a new rule would have done."""
        ask = Asking(NOT_TRIED)
        wanted = wishes.new(self._tools, ask, wish)
        return self._try(ask, None, None, wanted, newest)

    def of_change(self, name_or_id: str, change: RuleChange, *, newest: int) -> Trial:
        """What a rule would have done if it had been changed like this, and what it did."""
        ask = Asking(NOT_TRIED)
        with self._tools.database.begin() as conn:
            row = declared.get(conn, name_or_id)
            standing = declared.standing(conn, row)
        wanted = wishes.changed(self._tools, ask, standing, change)
        return self._try(ask, row.id, standing, wanted, newest)

    def _try(
        self,
        ask: Asking,
        rule_id: int | None,
        standing: Declared | None,
        wanted: Declared,
        newest: int,
    ) -> Trial:
        wishes.check(self._tools, ask, wanted, standing)
        both = [rule for rule in (standing, wanted) if rule is not None]
        past = backtests.read(self._tools, ask, both)
        with self._tools.database.begin() as conn:
            declared.check_beside(conn, wanted, but=rule_id)
            results = _fared(conn, standing, wanted, past, newest)
        name = standing.name if standing is not None else wanted.name
        changes = declared.changes(standing, wanted)
        return Trial(rule_id, name, changes, results, _message(results, is_new=standing is None))


def _fared(
    conn: Connection,
    standing: Declared | None,
    wanted: Declared,
    past: backtests.Past,
    newest: int,
) -> tuple[Fared, ...]:
    """How each release fared on each target, newest first, by the one rule and by the other."""
    played = backtests.play(conn, standing, past, newest=newest) if standing is not None else []
    before, after = _keyed(played), _keyed(backtests.play(conn, wanted, past, newest=newest))
    keys = sorted({**after, **before}, key=lambda key: (-key[0], key[1]))
    return tuple(Fared(before.get(key), after.get(key)) for key in keys)


def _keyed(views: list[BacktestView]) -> dict[tuple[int, str], BacktestView]:
    return {(view.result.release.version, view.target_name): view for view in views}


def _message(results: tuple[Fared, ...], *, is_new: bool) -> str:
    told = [fared for fared in results if fared.is_told]
    counted = len(_versions(results))
    if is_new:
        gone = _versions(fared for fared in told if fared.either.would_have_gone)
        first = f"{len(gone)} of the {counted} newest releases would have gone."
    else:
        others = _versions(fared for fared in told if fared.differs)
        first = f"{len(others)} of the {counted} newest releases would have fared otherwise."
    return " ".join([first, *_untried(results)])


def _untried(results: tuple[Fared, ...]) -> Iterator[str]:
    """Of how many releases there is nothing to compare, and why."""
    if early := _versions(fared for fared in results if not fared.either.result.was_tried):
        yield f"{len(early)} of them came before its target was there."
    if untold := _versions(fared for fared in results if not fared.is_told):
        yield f"Of {len(untold)} of them it cannot be told."


def _versions(results: Iterable[Fared]) -> set[int]:
    return {fared.either.result.release.version for fared in results}
