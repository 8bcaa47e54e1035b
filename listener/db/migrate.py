"""Bringing a database to the schema that this code needs, and telling whether it is there."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from listener.db.engine import open_database, parse_url, put_under_watch

READ_ONLY, FORBIDDEN, FULL = "25006", "42501", "53100"
# What PostgreSQL answers to a write that it does not take, by its code.
NO_WRITES = {
    READ_ONLY: "The database is read-only: nothing is received, decided or promoted until it takes"
    " writes again, or DATABASE_URL names the one that does.",
    FORBIDDEN: "The database refuses writes, as one does whose plan is full: `heroku pg:info -a"
    " LISTENER` tells.",
    FULL: "The disk of the database is full: nothing is received, decided or promoted.",
}
POOLED = (
    "DATABASE_URL leads through a pool in transaction mode (PgBouncer, say), and the listener needs"
    " sessions of its own: name the database itself, or a pool in session mode. It keeps seven"
    " connections at most."
)
MIGRATIONS = Path(__file__).parent / "migrations"
# A statement of a migration may take its time; the kernel tells of a host that is gone.
ANSWER_SECONDS = 600.0
LOCK = 7_263_351_884  # of all the migrations that start at once, one goes first


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, made here rather than read from a file."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


class Pooled(Exception):
    """DATABASE_URL leads through a pool of transactions, where no session is anybody's own."""

    def __init__(self) -> None:
        super().__init__(POOLED)


def check_sessions(url: str) -> None:
    """Raises Pooled."""
    database = open_database(url)
    try:
        with database.begin() as conn:
            if database.is_lent(conn):
                raise Pooled
    finally:
        database.dispose()


def migrate(url: str) -> None:
    """Bring the database to the newest schema; safe to repeat, and when two begin at once.

    Raises Pooled: the lock by which one goes first is its session's.
    """
    check_sessions(url)
    engine = create_engine(parse_url(url), poolclass=NullPool, hide_parameters=True)
    put_under_watch(engine, ANSWER_SECONDS, has_limits=False)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
        # Rather fail, and be repeated, than stop everybody who comes behind us.
        connection.execute(text("SET lock_timeout = '10s'"))
        connection.commit()
        try:
            has_all = is_newer(connection)
            connection.rollback()  # Alembic commits only what it began itself
            if not has_all:
                command.upgrade(config(connection), "head")
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
            connection.commit()


def version(connection: Connection) -> str | None:
    """The revision the database is at; None where it was never migrated."""
    return MigrationContext.configure(connection).get_current_revision()


def needed() -> str:
    """The newest revision that this code knows."""
    return str(ScriptDirectory.from_config(config()).get_current_head())


def is_newer(connection: Connection) -> bool:
    """The database is ahead of this code: the listener was rolled back, and goes on with it."""
    found = version(connection)
    if found is None:
        return False
    try:
        ScriptDirectory.from_config(config()).get_revision(found)
    except CommandError:
        return True
    return False


def is_ready(connection: Connection) -> bool:
    """The database has all that this code needs."""
    found = version(connection)
    return found == needed() or is_newer(connection)


def why_no_writes(connection: Connection) -> str | None:
    """Why the database keeps nothing new, in a sentence; None where it does."""
    query = (
        "SELECT current_setting('transaction_read_only') = 'on',"
        " has_table_privilege('delivery', 'INSERT')"
    )
    is_read_only, may_insert = connection.execute(text(query)).one()
    if is_read_only:
        return NO_WRITES[READ_ONLY]
    return None if may_insert else NO_WRITES[FORBIDDEN]
