"""Of which promotion a person's word on a commit was said: a later no takes it back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand the schema."""
    op.add_column("commit_word", sa.Column("promotion_id", sa.BigInteger(), nullable=True))
