"""The stack that an app is set to, beside the one that it runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand the schema."""
    op.add_column("app", sa.Column("build_stack", sa.Text(), nullable=True))
