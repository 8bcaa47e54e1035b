"""What ships: repositories of apps, comparisons of commits, each promotion's shipment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TIME = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Expand the schema."""
    op.create_table(
        "repository",
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("asked_at", TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("ask_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name="fk_repository_app_id_app"),
        sa.PrimaryKeyConstraint("app_id", name="pk_repository"),
    )
    op.create_table(
        "comparison",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("told_by", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("read_at", TIME, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_comparison"),
        sa.UniqueConstraint(
            "repository", "base", "head", name="uq_comparison_repository_base_head"
        ),
    )
    op.create_table(
        "shipment",
        sa.Column("promotion_id", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.Text(), nullable=True),
        sa.Column("base", sa.Text(), nullable=True),
        sa.Column("base_artifact", sa.Text(), nullable=True),
        sa.Column("repository", sa.Text(), nullable=True),
        sa.Column("comparison_id", sa.BigInteger(), nullable=True),
        sa.Column("untold", sa.Text(), nullable=True),
        sa.Column("failing_since", TIME, nullable=True),
        sa.Column(
            "due_at", TIME, server_default=sa.text("now() + interval '2 seconds'"), nullable=True
        ),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotion.id"], name="fk_shipment_promotion_id_promotion"
        ),
        sa.ForeignKeyConstraint(
            ["comparison_id"], ["comparison.id"], name="fk_shipment_comparison_id_comparison"
        ),
        sa.PrimaryKeyConstraint("promotion_id", name="pk_shipment"),
    )
    op.create_index("ix_shipment_comparison_id", "shipment", ["comparison_id"])
    op.create_index(
        "ix_shipment_due_at",
        "shipment",
        ["due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
