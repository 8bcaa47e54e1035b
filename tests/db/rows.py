"""Promotions to test with, and who claims them."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import ColumnElement, func, literal, update

from listener.core.promotion import Status
from listener.db import promotions, queue
from listener.db.engine import Database
from listener.db.promotions import PromotionRow
from listener.db.tables import promotion
from listener.worker.handlers import PROMOTIONS

NUMBERS = count(1)


def add(database: Database, *, status: Status = Status.WAITING, **values: Any) -> PromotionRow:
    """A promotion by hand of a release nobody else has."""
    number = next(NUMBERS)
    wanted = {
        "source_id": "app-source",
        "target_id": "app-target",
        "release_id": f"release-{number}",
        "version": number,
        "artifact": f"slug-{number}",
        **values,
    }
    with database.begin() as conn:
        row = promotions.add(conn, status=status, reason="A test.", **wanted)
    assert row is not None
    return row


def get(database: Database, row: PromotionRow) -> PromotionRow:
    """The promotion as it stands now."""
    with database.begin() as conn:
        return promotions.get(conn, row.id)


def claim(database: Database, owner: str = "test") -> queue.Claim | None:
    """Claim the promotion that is due longest."""
    with database.begin() as conn:
        return queue.claim(conn, PROMOTIONS, owner=owner)


def claimed(database: Database, owner: str = "test") -> queue.Claim:
    """Claim the promotion that is due longest, of which there is one."""
    found = claim(database, owner)
    assert found is not None
    return found


def run(database: Database, statement: str) -> None:
    """Change rows behind everybody's back."""
    with database.begin() as conn:
        conn.exec_driver_sql(statement)


def set_(database: Database, row: PromotionRow | None = None, **values: Any) -> None:
    """Change one promotion, or all, behind everybody's back."""
    statement = update(promotion).values(values)
    if row is not None:
        statement = statement.where(promotion.c.id == row.id)
    with database.begin() as conn:
        conn.execute(statement)


def in_seconds(number: float) -> ColumnElement[datetime]:
    """A time by the database's clock."""
    return func.now() + literal(timedelta(seconds=number))


def expire(database: Database) -> None:
    """Every lease is over."""
    for table in ("promotion", "app", "chore", "notice"):
        run(database, f"UPDATE {table} SET lease_until = now() - interval '1 second'")  # noqa: S608
