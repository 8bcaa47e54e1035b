"""Until when a notice asks is a column, no more a line of its words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand the schema."""
    op.add_column(
        "notice", sa.Column("answer_until", postgresql.TIMESTAMP(timezone=True), nullable=True)
    )
