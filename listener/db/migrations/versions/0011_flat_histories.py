"""What is settled costs nothing: indexes for looks by key, and what looks decided already."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

UNFINISHED = "status IN ('waiting', 'posting', 'releasing', 'verifying', 'rolling_back')"
INDEXES = (
    ("ix_release_artifact", "release", ["app_id", "artifact", "version"], None),
    ("ix_release_current", "release", ["app_id"], "is_current"),
    (
        "ix_release_unsettled",
        "release",
        ["app_id", "version"],
        "status NOT IN ('succeeded', 'expired', 'failed')",
    ),
    ("ix_release_undecided", "release", ["app_id", "version"], "NOT is_decided"),
    ("ix_promotion_candidate", "promotion", ["rule_id", "target_id", "version"], None),
    ("ix_promotion_release_id", "promotion", ["release_id"], None),
    ("ix_promotion_target_release_id", "promotion", ["target_release_id"], None),
    ("ix_promotion_unfinished_target", "promotion", ["target_id"], UNFINISHED),
    ("ix_promotion_unfinished_source", "promotion", ["source_id"], UNFINISHED),
    ("ix_post_release_id", "post", ["release_id"], None),
    ("ix_post_artifact", "post", ["artifact"], None),
    ("ix_post_open", "post", ["target_id"], "outcome IS NULL"),
    (
        "ix_post_given_up",
        "post",
        ["target_id"],
        "release_id IS NULL AND outcome IN ('no_trace', 'unknown', 'refused')",
    ),
)


def upgrade() -> None:
    """Bring the database to this revision."""
    op.add_column(
        "release",
        sa.Column("is_decided", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    # Only what surely was decided; the next look decides on the rest, as it always did.
    op.execute(
        "UPDATE release SET is_decided = true WHERE status IN ('succeeded', 'expired')"
        " AND EXISTS (SELECT FROM promotion WHERE promotion.release_id = release.id"
        " AND promotion.source_id = release.app_id)"
    )
    for name, table, columns, where in INDEXES:
        op.create_index(
            name, table, columns, postgresql_where=sa.text(where) if where is not None else None
        )
    op.drop_index("ix_release_app_id_artifact", "release")
