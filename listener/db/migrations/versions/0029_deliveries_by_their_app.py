"""Find the deliveries of an app, newest first, however many came of others."""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand the schema."""
    op.create_index("ix_delivery_app_id", "delivery", ["app_id", "id"])
