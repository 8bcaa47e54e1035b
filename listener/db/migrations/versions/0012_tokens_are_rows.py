"""Every token and browser session is a row, so that it can be listed and ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TIME = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Expand the schema."""
    op.create_table(
        "access_token",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("apps", postgresql.JSONB(), nullable=True),
        sa.Column("made_from", sa.Text(), nullable=True),
        sa.Column("created_at", TIME, server_default=sa.func.now(), nullable=False),
        sa.Column("last_used_at", TIME, nullable=True),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_access_token"),
        sa.CheckConstraint(
            "(kind = 'machine') = (name IS NOT NULL AND role IS NOT NULL)",
            name="ck_access_token_machine_is_named",
        ),
    )
    op.create_index("ix_access_token_email", "access_token", [sa.text("lower(email)")])
    op.create_index("ix_access_token_expires_at", "access_token", ["expires_at"])
    op.create_index(
        "uq_access_token_name",
        "access_token",
        ["name"],
        unique=True,
        postgresql_where=sa.text("name IS NOT NULL AND revoked_at IS NULL"),
    )
