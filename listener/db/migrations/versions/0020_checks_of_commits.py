"""Checks of commits at GitHub, and since when a promotion waits for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TIME = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Expand the schema."""
    op.create_table(
        "commit_check",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("named", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("repository", sa.Text(), nullable=True),
        sa.Column(
            "content", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("read_at", TIME, nullable=True),
        sa.Column("asked_at", TIME, nullable=True),
        sa.Column("begun_at", TIME, nullable=True),
        sa.Column("untold", sa.Text(), nullable=True),
        sa.Column("is_final", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("failing_since", TIME, nullable=True),
        sa.Column("created_at", TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name="fk_commit_check_app_id_app"),
        sa.PrimaryKeyConstraint("id", name="pk_commit_check"),
        sa.UniqueConstraint("app_id", "sha", "named", name="uq_commit_check_app_id_sha_named"),
    )
    op.create_index("ix_commit_check_sha", "commit_check", ["sha"])
    op.create_index(
        "ix_commit_check_due_at",
        "commit_check",
        ["due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.add_column("promotion", sa.Column("checks_since", TIME, nullable=True))
