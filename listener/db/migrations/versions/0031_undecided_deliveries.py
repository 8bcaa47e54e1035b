"""Find the undecided deliveries of an app by when they are due, and by one index alone.

Two indexes had them. A plan that was made while the table was empty took none of these, but that
of all deliveries of the app.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database to this revision.

    To drop takes the strongest lock: taken first, it is never waited for with a weaker one in hand,
    on which a look of the code that still runs would wait.
    """
    op.drop_index("ix_delivery_undecided", "delivery")
    op.drop_index("ix_delivery_due_at", "delivery")
    op.create_index(
        "ix_delivery_app_id_due_at",
        "delivery",
        ["app_id", "due_at"],
        postgresql_where=sa.text("settled_at IS NULL"),
    )
