"""Statements that are built and compiled once: that takes longer than most answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, bindparam
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeEngine

_DIALECT = psycopg.dialect()  # type: ignore[no-untyped-call]


def value(name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]]) -> BindParameter[Any]:
    """Build the place of a value that each execution gives."""
    return bindparam(name, None, type_=kind)


class Fixed:
    """A statement whose values have names; values and rows are as the driver knows them."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._sql = ""
        self._constants: dict[str, Any] = {}

    def rows(self, conn: Connection, **values: Any) -> Sequence[Row[Any]]:
        """Execute the statement with these values; return all rows."""
        if not self._sql:
            self._compile()
        return conn.exec_driver_sql(self._sql, {**self._constants, **values}).all()

    def first(self, conn: Connection, **values: Any) -> Row[Any] | None:
        """Execute the statement with these values; return its first row, if there is any."""
        return next(iter(self.rows(conn, **values)), None)

    def _compile(self) -> None:
        assert isinstance(self._statement, ClauseElement)  # noqa: S101 - for the type checker
        compiled = self._statement.compile(
            dialect=_DIALECT, compile_kwargs={"render_postcompile": True}
        )
        self._constants = dict(compiled.params)
        self._sql = str(compiled)
