"""When a person last had a delivery decided anew: its age counts from then on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand the schema."""
    moment = sa.TIMESTAMP(timezone=True)
    op.add_column("delivery", sa.Column("asked_again_at", moment, nullable=True))
    op.create_index(
        "ix_delivery_asked_again",
        "delivery",
        ["asked_again_at"],
        postgresql_where=sa.text("asked_again_at IS NOT NULL"),
    )
