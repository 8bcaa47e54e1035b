"""Words of people on commits: which go although a rule stops them, and which are blocked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TIME = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Expand the schema."""
    op.create_table(
        "commit_word",
        sa.Column("target_id", sa.Text(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["target_id"], ["app.id"], name="fk_commit_word_target_id_app"),
        sa.PrimaryKeyConstraint("target_id", "sha", name="pk_commit_word"),
    )
    op.create_table(
        "commit_block",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=True),
        sa.Column("repository", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("unblocked_at", TIME, nullable=True),
        sa.Column("unblocked_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name="fk_commit_block_app_id_app"),
        sa.PrimaryKeyConstraint("id", name="pk_commit_block"),
    )
    op.create_index(
        "uq_commit_block_open",
        "commit_block",
        ["sha", sa.text("coalesce(app_id, '')")],
        unique=True,
        postgresql_where=sa.text("unblocked_at IS NULL"),
    )
