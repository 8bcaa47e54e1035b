"""Scopes in SQL: the same apps as by the patterns themselves."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from listener.core.app import App
from listener.db import apps
from listener.db.engine import Database
from listener.db.scopes import outside, within
from listener.db.tables import app
from listener.roles import EVERYTHING, NOTHING, Scope

NAMES = ("pay", "pay-a", "pay-b", "pay-ab", "shop-a", "a-pay", "payroll")
PATTERNS = st.text(alphabet="pay-b*?", min_size=1, max_size=6)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(patterns=st.lists(PATTERNS, max_size=3))
def test_a_scope_is_the_same_in_sql(database: Database, patterns: list[str]) -> None:
    scope = Scope(tuple(patterns))
    with database.begin() as conn:
        for name in NAMES:
            apps.ensure(conn, App(f"id of {name}", name))
        every = select(app.c.name)
        found = set(conn.execute(every.where(*within(scope, app.c.id))).scalars())
        others = set(conn.execute(every.where(outside(scope, app.c.id))).scalars())
        names = set(conn.execute(every).scalars())

    assert found == {name for name in names if scope.has(name)}
    assert others == names - found


def test_who_sees_every_app_asks_as_before(database: Database) -> None:
    assert within(EVERYTHING, app.c.id) == []
    with database.begin() as conn:
        assert conn.execute(select(app.c.id).where(*within(NOTHING, app.c.id))).all() == []
