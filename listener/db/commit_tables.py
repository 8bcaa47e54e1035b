"""The tables on commits: repositories, what ships, checks, and people's words on commits."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from listener.db import columns

_WITHOUT_COMMITS = "(content - ARRAY['coming'::text, 'leaving'::text, 'pulls'::text])"

repository = Table(
    "repository",
    columns.metadata,
    Column("app_id", Text, ForeignKey("app.id"), primary_key=True),
    columns.words("full_name"),  # owner/name; none where nobody tells
    columns.words("why"),  # nobody tells
    columns.now("asked_at"),
    columns.time("ask_at", is_required=True),  # not before
    # Heroku's comparisons of commits are refused for this app, and not asked for before then.
    columns.words("refused"),
    columns.time("compare_at"),
)

# Comparisons that were refused, by whom, and when to ask again.
refused_comparison = Table(
    "refused_comparison",
    columns.metadata,
    columns.words("repository", is_required=True),
    columns.words("base", is_required=True),
    columns.words("head", is_required=True),
    columns.words("told_by", is_required=True),
    columns.words("why", is_required=True),
    columns.time("ask_at", is_required=True),
    PrimaryKeyConstraint("repository", "base", "head", "told_by"),
)

comparison = Table(
    "comparison",
    columns.metadata,
    columns.id_(),
    columns.words("repository", is_required=True),
    columns.words("base", is_required=True),
    columns.words("head", is_required=True),
    columns.words("told_by", is_required=True),
    Column("content", JSONB, nullable=False),
    # A list of promotions reads no commits: there may be a thousand in each.
    Column("summary", JSONB, Computed(_WITHOUT_COMMITS, persisted=True)),
    columns.now("read_at"),
    columns.time("pruned_at"),  # since when its commits are kept no more
    UniqueConstraint("repository", "base", "head"),
)

shipment = Table(
    "shipment",
    columns.metadata,
    Column("promotion_id", BigInteger, ForeignKey("promotion.id"), primary_key=True),
    columns.words("head"),
    columns.words("base"),
    columns.words("base_artifact"),
    columns.words("repository"),
    Column("comparison_id", BigInteger, ForeignKey("comparison.id")),
    columns.words("untold"),  # why
    columns.now("since"),  # it is told from this base, or is not told
    columns.time("failing_since"),
    # A promotion is on its way at once; to read what ships can wait for a moment.
    Column("due_at", TIMESTAMP(timezone=True), server_default=text("now() + interval '2 seconds'")),
    *columns.lease(),
    Index("ix_shipment_due_at", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    Index("ix_shipment_comparison_id", "comparison_id"),
)

commit_check = Table(
    "commit_check",
    columns.metadata,
    columns.id_(),
    columns.app_id("app_id"),  # the source whose release has the commit
    columns.words("sha", is_required=True),
    # The repository that the promotion's rule names, or nothing: then what Heroku tells counts.
    Column("named", Text, nullable=False, server_default=text("''")),
    columns.words("repository"),  # the one that was asked
    Column("content", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    columns.time("read_at"),
    columns.time("asked_at"),
    columns.time("begun_at"),  # since when somebody waits for it
    columns.words("untold"),  # why
    columns.required("is_final", Boolean, "false"),
    columns.time("failing_since"),
    columns.now("created_at"),
    columns.time("due_at"),
    *columns.lease(),
    UniqueConstraint("app_id", "sha", "named"),
    Index("ix_commit_check_sha", "sha"),
    Index("ix_commit_check_due_at", "due_at", postgresql_where=text("due_at IS NOT NULL")),
)

commit_word = Table(
    "commit_word",
    columns.metadata,
    columns.app_id("target_id"),
    columns.words("sha", is_required=True),
    columns.words("by", is_required=True),
    columns.now("created_at"),
    Column("promotion_id", BigInteger),  # of which it was said; it may be gone
    PrimaryKeyConstraint("target_id", "sha"),
)

commit_block = Table(
    "commit_block",
    columns.metadata,
    columns.id_(),
    columns.words("sha", is_required=True),  # or how it begins
    columns.app_id("app_id", is_required=False),  # a source or a target; null: every app
    columns.words("repository"),  # where the commit was seen
    columns.words("reason", is_required=True),
    columns.words("by", is_required=True),
    columns.now("created_at"),
    columns.time("unblocked_at"),
    columns.words("unblocked_by"),
    Index(
        "uq_commit_block_open",
        "sha",
        text("coalesce(app_id, '')"),
        unique=True,
        postgresql_where=text("unblocked_at IS NULL"),
    ),
)
