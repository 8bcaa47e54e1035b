"""What a target ran when a rollback was asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand the schema."""
    op.add_column("promotion", sa.Column("target_ran", sa.Text(), nullable=True))
