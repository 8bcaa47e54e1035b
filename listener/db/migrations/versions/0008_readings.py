"""Readings have a number and a beginning; deliveries are due by themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TIME = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Expand the schema."""
    op.execute(sa.schema.CreateSequence(sa.Sequence("reading_number")))
    op.add_column("app", sa.Column("read_number", sa.BigInteger(), nullable=True))
    op.add_column("app", sa.Column("read_newest", sa.Integer(), nullable=True))
    op.add_column("app", sa.Column("behind", sa.Text(), nullable=True))
    op.add_column("app", sa.Column("behind_since", TIME, nullable=True))
    op.add_column(
        "release",
        sa.Column("times_missing", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column("release", sa.Column("missing_since", TIME, nullable=True))
    op.add_column("release", sa.Column("gone_at", TIME, nullable=True))
    # The default is also for code of before this column, which may store deliveries beside ours.
    op.add_column(
        "delivery", sa.Column("due_at", TIME, server_default=sa.text("now()"), nullable=True)
    )
    op.create_index(
        "ix_delivery_due_at",
        "delivery",
        ["due_at"],
        postgresql_where=sa.text("settled_at IS NULL"),
    )
