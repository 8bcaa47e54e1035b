"""Find the artifacts that were built from one commit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand the schema."""
    op.create_index(
        "ix_release_commit",
        "release",
        ["app_id", "commit"],
        postgresql_where=sa.text("commit IS NOT NULL"),
    )
