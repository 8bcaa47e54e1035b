"""Scopes in SQL: the rows that are about apps which somebody sees.

Nothing is added to a query of somebody who sees every app.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, false, or_, select

from listener.db.tables import app
from listener.roles import Scope

_LIKE = str.maketrans("*?", "%_")  # a scope has no other character that means something


def within(scope: Scope, *columns: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """Return the conditions under which each of these columns holds the id of an app in scope."""
    if scope.is_all:
        return []
    return [column.in_(_ids(scope)) for column in columns]


def outside(scope: Scope, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition under which the column holds the id of an app that is not in scope."""
    return false() if scope.is_all else column.not_in(_ids(scope))


def _ids(scope: Scope) -> Select[tuple[str]]:
    names = (app.c.name.like(pattern.translate(_LIKE)) for pattern in scope.apps or ())
    return select(app.c.id).where(or_(false(), *names))
