"""Conditions of rules, and what their gates ask of a promotion."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Expand the schema."""
    conditions = sa.Column(
        "conditions", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False
    )
    op.add_column("rule", conditions)
    position = sa.Column("position", sa.Integer(), server_default="0", nullable=False)
    op.add_column("rule_target", position)
    op.add_column("release", sa.Column("commit_message", sa.Text(), nullable=True))
    op.add_column("promotion", sa.Column("soaks_from", TIME, nullable=True))
    op.add_column("promotion", sa.Column("author", sa.Text(), nullable=True))
    op.add_column("promotion", sa.Column("override", postgresql.JSONB(), nullable=True))
    op.add_column("promotion", sa.Column("earliest_at", TIME, nullable=True))
    # The promotions of a target that ended lately, for the gates of pace.
    op.create_index("ix_promotion_ended", "promotion", ["target_id", "ended_at"])
