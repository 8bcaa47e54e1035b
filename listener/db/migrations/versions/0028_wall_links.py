"""Links that show lanes without a login: each is a row, so that it can be listed and ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

TIME = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Expand the schema."""
    op.create_table(
        "wall",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("app_ids", postgresql.JSONB(), nullable=False),
        sa.Column("shows_names", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, server_default=sa.func.now(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("removed_at", TIME, nullable=True),
        sa.Column("removed_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_wall"),
    )
    op.create_index(
        "uq_wall_name",
        "wall",
        ["name"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
