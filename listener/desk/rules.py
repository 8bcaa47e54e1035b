"""The rules desk: what people declare is checked, based on a fresh reading, and kept."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from listener.desk import apps as named
from listener.desk import declared, messages, pages, saving, wishes
from listener.desk.asking import Asking
from listener.desk.declared import Declared, NewRule, RuleChange
from listener.desk.views import RuleView
from listener.steps.readings import Reading
from listener.steps.tools import Tools
from listener.store import apps, rules
from listener.store.rules import RuleRow

NOT_SAVED = "The rule was not saved."


class RulesDesk:
    """Adds, changes, removes and shows rules."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def list_(self, *, app: str | None, limit: int) -> list[RuleView]:
        """The rules, newest first; with an app, those that name it as source or target."""
        with self._tools.database.begin() as conn:
            rows = rules.live(conn, app_id=named.find_id(conn, app), limit=limit)
            return pages.of_rules(conn, rows)

    def get(self, name_or_id: str) -> RuleView:
        """One rule. Raises NotFound."""
        with self._tools.database.begin() as conn:
            return _view(conn, declared.get(conn, name_or_id))

    def add(self, wish: NewRule, *, by: str) -> RuleView:
        """Save a new rule; it acts on versions above those its source has now."""
        ask = Asking(NOT_SAVED)
        wanted = wishes.new(self._tools, ask, wish)
        wishes.check(self._tools, ask, wanted)
        fresh = self._prepare(ask, wanted, None)
        with self._tools.database.begin() as conn:
            saving.lock(conn, wanted)
            declared.check_beside(conn, wanted)
            return _view(conn, saving.add(conn, wanted, fresh, by))

    def update(self, name_or_id: str, change: RuleChange, *, by: str) -> RuleView:
        """Save a rule's next revision; what waits under it is decided anew."""
        ask = Asking(NOT_SAVED)
        with self._tools.database.begin() as conn:
            before = declared.get(conn, name_or_id)
            standing = declared.standing(conn, before)
        wanted = wishes.changed(self._tools, ask, standing, change)
        if wanted == standing:
            return self.get(str(before.id))
        wishes.check(self._tools, ask, wanted, standing)
        fresh = self._prepare(ask, wanted, before)
        with self._tools.database.begin() as conn:
            saving.lock(conn, wanted, before.target_ids)
            saving.check_unchanged(conn, before)
            declared.check_beside(conn, wanted, but=before.id)
            return _view(conn, saving.change(conn, before, wanted, fresh, by))

    def remove(self, name_or_id: str, *, by: str) -> RuleView:
        """Remove a rule and cancel what waits under it."""
        with self._tools.database.begin() as conn:
            rules.lock(conn)
            before = declared.get(conn, name_or_id)
            apps.lock(conn, {before.source_id, *before.target_ids})
            removed = saving.remove(conn, before, by)
            return replace(_view(conn, removed.row), cancelled=removed.cancelled)

    def _prepare(self, ask: Asking, wanted: Declared, before: RuleRow | None) -> saving.Fresh:
        def read(app_id: str) -> Reading:
            return ask(self._tools.readings.releases, app_id, as_it_is=True)

        fresh = saving.prepare(read, wanted, before)
        if wanted.wants_messages:
            messages.learn(self._tools, ask, wanted.source.id)
        return fresh


def _view(conn: Connection, row: RuleRow) -> RuleView:
    return pages.of_rules(conn, [row])[0]
