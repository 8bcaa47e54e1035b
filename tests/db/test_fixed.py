"""A fixed statement behaves as any other does: only its way to the driver is shorter."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest
from sqlalchemy import Integer, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from listener.db.engine import Database, open_database
from listener.db.fixed import Fixed, value

KEEP = Fixed("INSERT INTO fact (name, value) VALUES (:name, '1')")
WHO = Fixed("SELECT pg_backend_pid() AS id")
END = Fixed("SELECT pg_terminate_backend(:id)")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with a pool of two."""
    opened = open_database(database_url, pool_size=2)
    yield opened
    opened.dispose()


def test_values_have_names_and_rows_too(database: Database) -> None:
    statement = Fixed(select(value("one", Integer).label("one"), literal("%s:x").label("other")))
    with database.begin() as conn:
        assert statement.rows(conn, one=1) == [(1, "%s:x")]
        assert statement.first(conn, one=2).one == 2
        assert Fixed("SELECT 1 WHERE :text = 'b'").first(conn, text="a") is None


def test_a_constant_is_part_of_the_words(database: Database) -> None:
    """A plan for any values goes by a partial index only if it knows the index's condition."""
    words = "it's 100 %(one)s"
    constants = literal(words).label("a"), literal(True).label("b"), literal(2).label("c")
    statement = Fixed(select(*constants, value("one", Integer).label("d")))
    with database.begin() as conn:
        assert [statement.rows(conn, one=n) for n in (1, 2)][1] == [(words, True, 2, 2)]
        places = Fixed("SELECT cardinality(parameter_types) AS n FROM pg_prepared_statements")
        assert max(row.n for row in places.rows(conn)) == 1


def test_a_constant_is_as_its_type_wants(database: Database) -> None:
    with database.begin() as conn:
        found = Fixed(select(literal([1], JSONB).label("list"), literal({}, JSONB).label("none")))
        assert found.rows(conn) == [([1], {})]


def test_each_value_has_its_place_and_each_place_its_value(database: Database) -> None:
    for names in ({}, {"name": "a", "nom": "b"}):
        with pytest.raises(TypeError, match="wanted"), database.begin() as conn:
            KEEP.write(conn, **names)


def test_what_it_was_built_of_is_let_go() -> None:
    """Otherwise each of a hundred keeps 20 kB, for as long as the process lives."""
    built = select(value("one", Integer))
    seen = weakref.ref(built)
    statement = Fixed(built)
    del built
    gc.collect()
    assert seen() is None
    assert statement is not None


def test_writing_tells_how_many_rows(database: Database) -> None:
    with database.begin() as conn:
        assert KEEP.write(conn, name="fixed") == 1
        assert Fixed("DELETE FROM fact WHERE name = :name").write(conn, name="fixed") == 1


def test_it_is_prepared_as_it_is_said_first(database: Database) -> None:
    known = Fixed("SELECT count(*) AS n FROM pg_prepared_statements WHERE statement LIKE :words")
    with database.begin() as conn:
        assert Fixed("SELECT 'said once' AS words").first(conn).words == "said once"
        assert known.first(conn, words="SELECT 'said once'%").n == 1


def test_what_is_refused_the_first_time_can_be_said_again(database: Database) -> None:
    keep = Fixed("INSERT INTO fact (name, value) VALUES (:name, '2')")
    with database.begin() as conn:
        KEEP.write(conn, name="there")
    for _ in range(2):
        with pytest.raises(IntegrityError), database.begin() as conn:
            keep.write(conn, name="there")
    with database.begin() as conn:
        assert [keep.write(conn, name=name) for name in ("one", "two")] == [1, 1]


def test_an_error_is_as_of_any_statement_and_shows_no_value(database: Database) -> None:
    statement = Fixed("SELECT 1 FROM nowhere WHERE :value = ''")
    with pytest.raises(ProgrammingError) as raised, database.begin() as conn:
        statement.rows(conn, value="hush")
    assert "hush" not in str(raised.value)


def test_a_lost_connection_leaves_the_pool_with_its_like(database: Database) -> None:
    before: set[int] = set()

    def lose() -> None:
        with database.begin() as one, database.begin() as other:
            before.update(WHO.first(conn).id for conn in (one, other))
            END.rows(other, id=WHO.first(one).id)
            WHO.first(one)

    with pytest.raises(OperationalError) as raised:
        lose()
    assert raised.value.connection_invalidated
    with database.begin() as one, database.begin() as other:
        assert before.isdisjoint(WHO.first(conn).id for conn in (one, other))


def test_a_long_answer_is_let_go_once_it_was_read(database: Database) -> None:
    with database.begin() as conn:
        assert WHO.first(conn).id
        before = weakref.ref(conn.info["cursor"])
        many = Fixed("SELECT generate_series(1, 5000) AS number").rows(conn)
        assert len(many) == 5000
        gc.collect()
        assert before() is None
        assert WHO.first(conn).id
