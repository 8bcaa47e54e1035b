"""Building blocks of the tables: kinds of columns, and how constraints are named."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Integer,
    MetaData,
    Text,
    func,
    literal,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.sql.schema import SchemaItem
from sqlalchemy.types import TypeEngine
from typing_extensions import override

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def id_() -> Column[int]:
    """Build a primary key that the database counts up."""
    return Column("id", BigInteger, Identity(), primary_key=True)


def time(name: str, *, is_required: bool = False) -> Column[object]:
    """Build a column for a time with its zone."""
    return Column(name, TIMESTAMP(timezone=True), nullable=not is_required)


def now(name: str) -> Column[object]:
    """Build a column for a time with its zone; the default is the time of the insert."""
    return Column(name, TIMESTAMP(timezone=True), nullable=False, server_default=func.now())


def words(name: str, *, is_required: bool = False) -> Column[str]:
    """Build a column for a text."""
    return Column(name, Text, nullable=not is_required)


class Choice(Text):
    """A text that is one of a few words; those it is compared with are written into the statement.

    Plans are made for any values (`watchdog.LIMITS`). One that only gets its words later cannot
    use an index that holds only the rows with some of them.
    """

    class Comparator(Text.Comparator[str]):
        """Compares with words."""

        @override
        def operate(self, op: OperatorType, *other: Any, **values: Any) -> Any:
            """Write the words that a column is compared with into the statement."""
            return super().operate(op, *(_written(each) for each in other), **values)

    comparator_factory = Comparator


def _written(other: Any) -> Any:
    if isinstance(other, str):
        is_word = re.fullmatch("[a-z_]+", other)  # what a stranger may have said is none
        return literal(str(other), Text, literal_execute=True) if is_word else other
    if isinstance(other, list | tuple | set | frozenset):
        return [_written(each) for each in other]
    return other


def choice(name: str, *, is_required: bool = False, default: str | None = None) -> Column[str]:
    """Build a column for one of a few words."""
    return Column(name, Choice, nullable=not is_required, server_default=default)


def required(name: str, kind: type[TypeEngine[Any]], default: str) -> Column[object]:
    """Build a required column of this kind; `default` is written in SQL."""
    return Column(name, kind, nullable=False, server_default=text(default))


def app_id(name: str, *, is_required: bool = True) -> Column[str]:
    """Build a column that refers to an app by Heroku's id."""
    return Column(name, Text, ForeignKey("app.id"), nullable=not is_required)


def lease() -> list[SchemaItem]:
    """Build the columns that a claim writes: lease owner, end of the lease, fence, attempts."""
    return [
        words("lease_owner"),
        time("lease_until"),
        required("fence", BigInteger, "0"),
        required("attempt", Integer, "0"),
    ]
