"""Migrate a database to the schema that this code needs, and check whether it has that schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from listener.db.engine import open_database, parse_url, put_under_watch

if TYPE_CHECKING:
    from alembic.config import Config

READ_ONLY, FORBIDDEN, FULL = "25006", "42501", "53100"
# Why PostgreSQL refuses a write, by its error code.
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
# A statement of a migration may take long; the kernel notices a host that is gone.
ANSWER_SECONDS = 600.0
LOCK = 7_263_351_884  # an advisory lock, so that migrations that start at once run one by one


def config(connection: Connection | None = None) -> Config:
    """Build Alembic's configuration here, rather than read it from a file."""
    from alembic.config import Config  # noqa: PLC0415 - 15 MB, for who migrates

    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


class Unusable(Exception):
    """The database of DATABASE_URL cannot be used; the message is a sentence without a secret."""


class Pooled(Unusable):
    """DATABASE_URL leads through a pool in transaction mode: no connection owns a session."""

    def __init__(self) -> None:
        super().__init__(POOLED)


def check_sessions(url: str) -> None:
    """Check that the database answers and each connection owns its session. Raises Unusable."""
    database = open_database(url)
    try:
        if not database.owns_sessions():
            raise Pooled
    except psycopg.OperationalError as error:
        raise Unusable(_why_unusable(error)) from error


def _why_unusable(error: psycopg.OperationalError) -> str:
    """Say why nobody can connect, in the words of libpq or the server, which quote no password."""
    told = str(error)
    if "startup parameter: options" in told:
        return (
            "A pooler before the database (PgBouncer, say) refuses the `options` of DATABASE_URL:"
            " leave them out, or name the database itself."
        )
    first = told.partition(_EVERY_ATTEMPT)[0].strip()
    # The last line that says what happened: those with a tab only ask back ("Is the server …?").
    lines = [line for line in first.splitlines() if line.strip() and not line.startswith("\t")]
    said = lines[-1].removeprefix("connection failed: ") if lines else type(error).__name__
    return f"The database of DATABASE_URL cannot be used: {said}"


_EVERY_ATTEMPT = "Multiple connection attempts failed"  # what psycopg writes before them


def migrate(url: str) -> None:
    """Migrate the database to the newest schema; safe to repeat, and when two begin at once.

    Raises Unusable; through a pool Pooled, for the advisory lock needs a session of its own.
    """
    from alembic import command  # noqa: PLC0415 - as above

    check_sessions(url)
    engine = create_engine(parse_url(url), poolclass=NullPool, hide_parameters=True)
    put_under_watch(engine, ANSWER_SECONDS, has_limits=False)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
        # Rather fail and be repeated than make everybody queue behind our lock.
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
    """Return the revision of the database; None where it was never migrated."""
    if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar_one() is None:
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def known() -> list[str]:
    """Return the revisions that this code knows, oldest first: the names of its files tell."""
    return sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def needed() -> str:
    """Return the newest revision that this code knows."""
    return known()[-1]


def is_newer(connection: Connection) -> bool:
    """Return whether the schema is newer than this code, as after a rollback of the listener."""
    found = version(connection)
    return found is not None and found not in known()


def is_ready(connection: Connection) -> bool:
    """Return whether the schema is the one this code needs, or a newer one."""
    found = version(connection)
    return found == needed() or is_newer(connection)


def why_no_writes(connection: Connection) -> str | None:
    """Say in a sentence why the database refuses writes; None where it takes them."""
    query = (
        "SELECT current_setting('transaction_read_only') = 'on',"
        " has_table_privilege('delivery', 'INSERT')"
    )
    is_read_only, may_insert = connection.execute(text(query)).one()
    if is_read_only:
        return NO_WRITES[READ_ONLY]
    return None if may_insert else NO_WRITES[FORBIDDEN]
