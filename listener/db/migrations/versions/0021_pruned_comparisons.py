"""The commits of an old comparison are not kept for ever."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand the schema."""
    at = sa.Column("pruned_at", postgresql.TIMESTAMP(timezone=True), nullable=True)
    op.add_column("comparison", at)
