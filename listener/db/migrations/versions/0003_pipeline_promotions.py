"""Pipeline promotions: the pipelines of apps, and what a post without a nonce is known by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand the schema."""
    op.add_column("app", sa.Column("pipeline_id", sa.Text(), nullable=True))
    op.add_column("app", sa.Column("pipeline_at", postgresql.TIMESTAMP(timezone=True)))
    op.add_column("post", sa.Column("strategy", sa.Text(), server_default="slug", nullable=False))
    op.add_column("post", sa.Column("account_id", sa.Text(), nullable=True))
    op.add_column("post", sa.Column("heroku_promotion_id", sa.Text(), nullable=True))
    op.create_check_constraint(
        "ck_post_is_recognisable", "post", "strategy = 'slug' OR account_id IS NOT NULL"
    )
