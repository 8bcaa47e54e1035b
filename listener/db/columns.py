"""Building blocks of the tables: kinds of columns, and how constraints are named."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Integer, MetaData, Text, func, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.sql.schema import SchemaItem
from sqlalchemy.types import TypeEngine

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
