"""Store how far back the last list of an app's releases went."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand the schema."""
    op.add_column("app", sa.Column("read_oldest", sa.Integer()))
    op.add_column("app", sa.Column("read_oldest_of", sa.BigInteger()))
