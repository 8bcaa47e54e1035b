"""The outbox: what GitHub and others are told of each promotion, and how far."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TIME = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Expand the schema."""
    op.create_table(
        "outbox_channel",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=True),
        sa.Column("app_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["rule_id"], ["rule.id"], name="fk_outbox_channel_rule_id_rule"),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name="fk_outbox_channel_app_id_app"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_channel"),
    )
    op.create_index("ix_outbox_channel_rule_id", "outbox_channel", ["rule_id"])
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("promotion_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("told_event", sa.BigInteger(), nullable=False),
        sa.Column(
            "state", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("shown", sa.Text(), nullable=True),
        sa.Column("told_at", TIME, nullable=True),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", TIME, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", TIME, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotion.id"], name="fk_outbox_promotion_id_promotion"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("promotion_id", "channel", name="uq_outbox_promotion_id_channel"),
    )
    for name, column, where in (
        ("ix_outbox_due_at", "due_at", "due_at IS NOT NULL"),
        ("ix_outbox_running", "promotion_id", "shown = 'success' AND channel = 'deployment'"),
        ("ix_outbox_error", "id", "error IS NOT NULL"),
    ):
        op.create_index(name, "outbox", [column], postgresql_where=sa.text(where))
    op.create_table(
        "rule_receiver",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["rule.id"], name="fk_rule_receiver_rule_id_rule"),
        sa.PrimaryKeyConstraint("id", name="pk_rule_receiver"),
        sa.UniqueConstraint("rule_id", "mark", name="uq_rule_receiver_rule_id_mark"),
    )
