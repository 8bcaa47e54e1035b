"""Statements are planned once for any values, and what a plan depends on is written into them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Index, Text, select, text

from listener.core.promotion import UNFINISHED, Status
from listener.db import sync
from listener.db.columns import Choice
from listener.db.engine import Database, open_database
from listener.db.fixed import Fixed, value
from listener.db.tables import metadata, promotion

# A condition of words: `status IN ('posting')`, `kind = 'detected'`.
ASKED = re.compile(r"(\w+) (?:=|<>|IN|NOT IN) \(?'")
OF_WORDS = [
    index
    for table in metadata.sorted_tables
    for index in table.indexes
    if "'" in str(index.dialect_options["postgresql"]["where"])
]
PLANS = """
SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%release_id =%'
"""
_FIND = Fixed(select(promotion.c.id).where(promotion.c.release_id == value("release_id", Text)))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with a pool of one."""
    opened = open_database(database_url, pool_size=1)
    yield opened
    opened.dispose()


@pytest.mark.parametrize("index", OF_WORDS, ids=lambda index: str(index.name))
def test_what_a_partial_index_asks_for_is_written_into_statements(index: Index) -> None:
    assert index.table is not None
    asked = ASKED.findall(str(index.dialect_options["postgresql"]["where"]))
    assert asked
    kinds = {name: type(index.table.c[name].type) for name in asked}
    assert kinds == dict.fromkeys(asked, Choice)


@pytest.mark.parametrize(
    ("condition", "is_written"),
    [
        (promotion.c.status == Status.WAITING, True),
        (promotion.c.status != "waiting", True),
        (promotion.c.status.in_(UNFINISHED), True),
        (promotion.c.status.not_in([Status.FAILED]), True),
        (promotion.c.status.is_distinct_from("failed"), True),
        (promotion.c.status == "it's 100 % mine", False),  # perhaps a stranger said so
        (promotion.c.status.in_(["waiting", "' OR true"]), False),
        (promotion.c.artifact == "waiting", False),
    ],
)
def test_words_are_written_and_nothing_else(
    database: Database, condition: object, is_written: bool
) -> None:
    with database.begin() as conn:
        for _ in range(2):
            assert conn.execute(select(promotion.c.id).where(condition)).all() == []  # type: ignore[arg-type]
        said = " ".join(_prepared(conn))
    assert ("$1" not in said) is is_written


def _prepared(conn: Connection) -> list[str]:
    query = "SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%FROM promotion%'"
    return list(conn.execute(text(query)).scalars())


@pytest.mark.parametrize("is_by_values", [False, True])
def test_a_plan_is_made_for_any_values_or_for_those_at_hand(
    database: Database, is_by_values: bool
) -> None:
    asked = database.by_values() if is_by_values else database
    for _ in range(4):
        with asked.begin() as conn:
            _FIND.rows(conn, release_id="none")
    query = (
        "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE :it"
    )
    with database.begin() as conn:
        ((any_values, these),) = conn.execute(text(query), {"it": "%release_id = $1%"}).all()
    assert (any_values > 0, these > 0) == (not is_by_values, is_by_values)


def test_undecided_deliveries_are_looked_up_by_a_plan_of_before_there_were_any(
    database: Database,
) -> None:
    query = "SELECT name FROM pg_prepared_statements WHERE statement LIKE '%OFFSET 0%'"
    with database.begin() as conn:
        assert sync.undecided(conn, "app-source") == []
        name = conn.execute(text(query)).scalar_one()
        plan = "\n".join(conn.exec_driver_sql(f"EXPLAIN EXECUTE \"{name}\" ('app')").scalars())
    assert "using ix_delivery_app_id_due_at" in plan, plan
