"""What lists show of a comparison, kept without its commits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand the schema."""
    summary = sa.Computed(
        "(content - ARRAY['coming'::text, 'leaving'::text, 'pulls'::text])", persisted=True
    )
    op.add_column("comparison", sa.Column("summary", postgresql.JSONB(), summary, nullable=True))
