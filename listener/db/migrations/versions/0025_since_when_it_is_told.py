"""Since when what ships is told, or is not: an older yes was said of something else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

TIME = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Expand the schema."""
    since = sa.Column("since", TIME, server_default=sa.text("now()"), nullable=False)
    op.add_column("shipment", since)
