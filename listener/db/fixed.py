"""Statements that are built and compiled once, and executed by the driver itself.

To build one, to compile it, and to wrap its rows takes several times as long as most answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

import psycopg
from psycopg.rows import namedtuple_row
from psycopg.sql import Literal
from psycopg.types.json import Jsonb
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Table,
    Text,
    bindparam,
    func,
    select,
    text,
)
from sqlalchemy import cast as cast_to
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import psycopg as psycopg_dialect
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement, TextClause
from sqlalchemy.types import NULLTYPE, TypeEngine

_DIALECT = psycopg_dialect.dialect()  # type: ignore[no-untyped-call]
_PLACE = object()  # the value of what has none yet
_SAID = "said"  # on a connection


def value(name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]]) -> BindParameter[Any]:
    """Build the place of a value that each execution gives."""
    return bindparam(name, _PLACE, type_=kind)


def texts(name: str) -> ColumnElement[Any]:
    """Build the place of many texts, given as JSON: a list takes the driver ten times as long."""
    one = func.jsonb_array_elements_text(cast_to(value(name, Text), JSONB))
    return func.array(select(one).scalar_subquery())


def values_of(table: Table, names: Iterable[str]) -> dict[str, BindParameter[Any]]:
    """Build the places of values for these columns, by their names."""
    return {name: value(name, table.c[name].type) for name in names}


def _of_words(sql: str) -> TextClause:
    made = text(sql)
    return made.bindparams(**dict.fromkeys(made.compile().params, _PLACE))


def as_told(kind: TypeEngine[Any], told: Any) -> Any:
    """Return a value of this kind as the driver wants it; None is no value, in JSON too."""
    is_json = isinstance(kind, JSONB) and told is not None
    return Jsonb(told) if is_json else told


class Fixed:
    """A statement whose values have names, in SQL `:name`, and are as the driver knows them.

    It is compiled at once, and what it was built of, some 20 kB, is let go. A row is a named tuple.
    Errors are those of SQLAlchemy, as of any statement.
    """

    def __init__(self, statement: Executable | str) -> None:
        made = _of_words(statement) if isinstance(statement, str) else statement
        assert isinstance(made, ClauseElement)  # noqa: S101 - for the type checker
        compiled = made.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        self._names = frozenset(name for name, each in compiled.params.items() if each is _PLACE)
        kinds = {name: bind.type for name, bind in cast(SQLCompiler, compiled).binds.items()}
        constants = {
            name: as_told(kinds.get(name, NULLTYPE), each)  # a list of them is many by now
            for name, each in compiled.params.items()
            if name not in self._names
        }
        plain = {name: each for name, each in constants.items() if isinstance(each, _PLAIN)}
        self._constants = {name: each for name, each in constants.items() if name not in plain}
        self._sql = _written(str(compiled), plain).encode()

    def rows(self, conn: Connection, **values: Any) -> list[Any]:
        """Execute the statement with these values; return all rows."""
        found = self._execute(conn, values).fetchall()
        if len(found) > MANY:
            conn.info.pop(_CURSOR, None)  # it would hold the answer until the next one
        return found

    def first(self, conn: Connection, **values: Any) -> Any:
        """Execute the statement with these values; return its first row, None where there is none.

        Rows have named columns.
        """
        return self._execute(conn, values).fetchone()

    def write(self, conn: Connection, **values: Any) -> int:
        """Execute the statement with these values; return how many rows were written."""
        return self._execute(conn, values).rowcount

    def _execute(self, conn: Connection, values: dict[str, Any]) -> psycopg.Cursor[Any]:
        if values.keys() != self._names:  # the driver ignores what it finds no place for
            raise TypeError(f"{sorted(values)} were given, and {sorted(self._names)} are wanted.")
        cursor = _cursor_of(conn)
        try:
            self._say(conn, cursor, {**self._constants, **values})
        except psycopg.Error as error:
            # As SQLAlchemy does with its own: a lost connection leaves the pool, and its like too.
            said, closed = self._sql.decode(), cast(Any, cursor)
            conn._handle_dbapi_exception(error, said, None, closed, None)  # noqa: SLF001
        return cursor

    def _say(self, conn: Connection, cursor: psycopg.Cursor[Any], values: dict[str, Any]) -> None:
        """Execute it; the first time on a connection prepare it, too, in the same journey as BEGIN.

        The first time is the usual one: dynos start daily, and promote a few times a day.
        """
        said, driver = conn.info.setdefault(_SAID, set()), cursor.connection
        if self._sql in said or driver.prepare_threshold is None:
            cursor.execute(self._sql, values)
            return
        with driver.pipeline():
            cursor.execute(self._sql, values, prepare=True)
        said.add(self._sql)


def _cursor_of(conn: Connection) -> psycopg.Cursor[Any]:
    """Return the one cursor of a connection: to make one takes a quarter of a short statement.

    Every answer is fetched before the next statement.
    """
    driver = cast("psycopg.Connection[Any]", conn.connection.driver_connection)
    found: psycopg.Cursor[Any] | None = conn.info.get(_CURSOR)
    if found is None or found.closed or found.connection is not driver:
        found = conn.info[_CURSOR] = driver.cursor(row_factory=namedtuple_row)
    return found


_CURSOR = "cursor"
MANY = 200  # rows
_PLAIN = (str, int)


def _written(sql: str, constants: Mapping[str, str | int]) -> str:
    """Write constants into a statement, so that a plan for any values goes by partial indexes."""
    words = {name: Literal(each).as_string() for name, each in constants.items()}
    plain = {name: word.replace("%", "%%") for name, word in words.items()}
    return re.sub(r"%%|%\((\w+)\)s", lambda found: plain.get(found[1], found[0]), sql)
