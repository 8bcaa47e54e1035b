"""What a target's readings leave open: phases that had not ended, and what nobody can explain."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database to this revision."""
    nothing = sa.text("'[]'::jsonb")
    op.add_column(
        "app",
        sa.Column("known_unsettled", postgresql.JSONB(), server_default=nothing, nullable=False),
    )
    op.add_column("app", sa.Column("unclear", sa.Text()))
    op.add_column("app", sa.Column("unclear_at", postgresql.TIMESTAMP(timezone=True)))
    op.add_column(
        "app", sa.Column("unclear_times", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("hold", sa.Column("foreign_release", postgresql.JSONB()))
    op.add_column("hold", sa.Column("foreign_at", postgresql.TIMESTAMP(timezone=True)))
    op.add_column("promotion", sa.Column("gone_since", postgresql.TIMESTAMP(timezone=True)))
