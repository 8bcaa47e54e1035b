"""Find the releases that promotions made in a time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand the schema."""
    op.create_index(
        "ix_post_made",
        "post",
        ["settled_at"],
        postgresql_where=sa.text("outcome = 'accepted' AND kind = 'promote'"),
    )
