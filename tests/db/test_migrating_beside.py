"""A migration beside the code of before, which goes on: neither ends the other's transaction."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from alembic import command
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from listener.db import migrate
from listener.db.engine import parse_url

PATIENCE_SECONDS = 60.0
WAITS = text(
    "SELECT count(*) FROM pg_locks WHERE NOT granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def wait_until_somebody_waits(conn: Connection) -> None:
    """Wait until a lock is waited for."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not conn.execute(WAITS).scalar_one():
        assert time.monotonic() < ends_at


def test_a_look_that_has_read_deliveries_can_settle_them_while_a_migration_waits(
    empty_database_url: str,
) -> None:
    engine = create_engine(parse_url(empty_database_url), poolclass=NullPool)
    with engine.connect() as conn:
        command.upgrade(migrate.config(conn), "0030")
    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as look, engine.connect() as watch:
            undecided = "SELECT id FROM delivery WHERE app_id = 'x' AND settled_at IS NULL"
            assert look.execute(text(undecided)).all() == []
            migrated = pool.submit(migrate.migrate, empty_database_url)
            wait_until_somebody_waits(watch)
            look.execute(text("UPDATE delivery SET outcome = 'settled' WHERE id = 0"))
        migrated.result()
    with engine.connect() as conn:
        kept = "SELECT indexname FROM pg_indexes WHERE tablename = 'delivery'"
        names = set(conn.execute(text(kept)).scalars())
    assert "ix_delivery_app_id_due_at" in names
    assert not {"ix_delivery_undecided", "ix_delivery_due_at"} & names
