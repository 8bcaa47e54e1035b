"""The tables on the state of the listener itself: its runners, its troubles, its address."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from listener.db import columns

runner = Table(
    "runner",
    columns.metadata,
    Column("name", Text, primary_key=True),
    columns.words("process", is_required=True),
    columns.words("works_on", is_required=True),
    columns.time("round_at", is_required=True),  # when it last could look for work
    columns.time("seen_at", is_required=True),  # when its process last reported
    Index("ix_runner_process", "process"),
)

own_address = Table(
    "own_address",
    columns.metadata,
    Column("id", Integer, primary_key=True, autoincrement=False, server_default="1"),
    columns.words("url", is_required=True),
    columns.words("learned_by", is_required=True),
    columns.now("learned_at"),
    CheckConstraint("id = 1", name="ck_own_address_is_one"),
)

trouble = Table(
    "trouble",
    columns.metadata,
    columns.id_(),
    columns.words("cause", is_required=True),
    columns.words("subject", is_required=True),  # what fails
    Column("app_ids", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    columns.words("message", is_required=True),
    columns.now("since"),
    columns.now("last_at"),
    Column("times", Integer, nullable=False, server_default="1"),  # in a row
    columns.time("told_at"),
    Column("told_as", BigInteger),  # the trouble whose notice covers this one too
    columns.time("over_at"),
    columns.time("due_at"),
    *columns.lease(),
    Index("uq_trouble_open", "subject", unique=True, postgresql_where=text("over_at IS NULL")),
    Index("ix_trouble_due_at", "due_at", postgresql_where=text("due_at IS NOT NULL")),
)
