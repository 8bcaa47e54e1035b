"""The tables of the outbox: which channels want to hear of promotions, and how far each is told."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from listener.db import columns

_IS_RUNNING = text("shown = 'success' AND channel = 'deployment'")

# A channel that somebody wants now, for all promotions or for those to one app.
outbox_channel = Table(
    "outbox_channel",
    columns.metadata,
    columns.id_(),
    columns.words("name", is_required=True),
    Column("rule_id", BigInteger, ForeignKey("rule.id")),  # null: the settings want it
    columns.app_id("app_id", is_required=False),
    Index("ix_outbox_channel_rule_id", "rule_id"),
)

outbox = Table(
    "outbox",
    columns.metadata,
    columns.id_(),
    Column("promotion_id", BigInteger, ForeignKey("promotion.id"), nullable=False),
    columns.choice("channel", is_required=True),
    Column("told_event", BigInteger, nullable=False),  # the last one that was told
    Column("state", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    columns.choice("shown"),  # how the promotion stands there
    columns.time("told_at"),
    columns.time("due_at"),
    *columns.lease(),
    columns.time("failing_since"),
    columns.words("error"),
    columns.now("created_at"),
    UniqueConstraint("promotion_id", "channel"),
    Index("ix_outbox_due_at", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    Index("ix_outbox_running", "promotion_id", postgresql_where=_IS_RUNNING),
    Index("ix_outbox_error", "id", postgresql_where=text("error IS NOT NULL")),
)

rule_receiver = Table(
    "rule_receiver",
    columns.metadata,
    columns.id_(),
    Column("rule_id", BigInteger, ForeignKey("rule.id"), nullable=False),
    Column("position", Integer, nullable=False, server_default="0"),
    columns.words("shown", is_required=True),  # its URL without secrets
    columns.words("mark", is_required=True),  # recognises the same URL
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("rule_id", "mark"),
)
