"""Comparisons of commits that were refused are not asked for again at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TIME = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Expand the schema."""
    op.add_column("repository", sa.Column("refused", sa.Text(), nullable=True))
    op.add_column("repository", sa.Column("compare_at", TIME, nullable=True))
    op.create_table(
        "refused_comparison",
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("told_by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("ask_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint(
            "repository", "base", "head", "told_by", name="pk_refused_comparison"
        ),
    )
