"""How the listener itself is: the last round of each runner, and what troubles it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database to this revision."""
    op.create_table(
        "runner",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("works_on", sa.Text(), nullable=False),
        sa.Column("round_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("seen_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_runner"),
    )
    op.create_index("ix_runner_process", "runner", ["process"])
    op.create_table(
        "trouble",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column(
            "app_ids",
            postgresql.JSONB(),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("message", sa.Text(), nullable=False),
        *(
            sa.Column(
                name,
                postgresql.TIMESTAMP(timezone=True),
                server_default=sa.text("now()"),
                nullable=False,
            )
            for name in ("since", "last_at")
        ),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column("told_at", postgresql.TIMESTAMP(timezone=True)),
        sa.Column("told_as", sa.BigInteger()),
        sa.Column("over_at", postgresql.TIMESTAMP(timezone=True)),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True)),
        sa.Column("lease_owner", sa.Text()),
        sa.Column("lease_until", postgresql.TIMESTAMP(timezone=True)),
        sa.Column("fence", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_trouble"),
    )
    op.create_index(
        "uq_trouble_open",
        "trouble",
        ["subject"],
        unique=True,
        postgresql_where=sa.text("over_at IS NULL"),
    )
    op.create_index(
        "ix_trouble_due_at",
        "trouble",
        ["due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.add_column("notice", sa.Column("trouble_id", sa.BigInteger()))
    op.create_foreign_key(
        "fk_notice_trouble_id_trouble", "notice", "trouble", ["trouble_id"], ["id"]
    )
