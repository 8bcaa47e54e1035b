"""How well answered what rules have checked before and verified after a promotion."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TIME = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Expand the schema."""
    op.add_column("promotion", sa.Column("checked", postgresql.JSONB(), nullable=True))
    op.add_column("promotion", sa.Column("checked_at", TIME, nullable=True))
    op.add_column("promotion", sa.Column("verification", postgresql.JSONB(), nullable=True))
