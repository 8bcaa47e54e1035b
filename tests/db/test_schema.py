"""Migrations: from nothing to what the code needs, however often, however many at once."""

from __future__ import annotations

import threading

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from listener.db import migrate as schema
from listener.db.engine import open_database
from listener.db.tables import metadata


def is_ready(url: str) -> bool:
    """Whether the database has all that the code needs."""
    database = open_database(url)
    try:
        with database.begin() as conn:
            return schema.is_ready(conn)
    finally:
        database.dispose()


def test_an_empty_database_is_brought_to_what_the_code_needs(empty_database_url: str) -> None:
    assert not is_ready(empty_database_url)
    schema.migrate(empty_database_url)
    assert is_ready(empty_database_url)


def test_migrating_again_changes_nothing(database_url: str) -> None:
    schema.migrate(database_url)
    assert is_ready(database_url)


def test_migrations_make_exactly_the_tables_of_the_code(database_url: str) -> None:
    database = open_database(database_url)
    with database.begin() as conn:
        context = MigrationContext.configure(
            conn, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
    database.dispose()


def test_the_names_of_the_files_tell_every_revision() -> None:
    scripts = ScriptDirectory.from_config(schema.config()).walk_revisions()
    assert schema.known() == sorted(script.revision for script in scripts)


def test_several_at_once_do_it_once(empty_database_url: str) -> None:
    failures: list[BaseException] = []

    def migrate() -> None:
        try:
            schema.migrate(empty_database_url)
        except BaseException as error:  # noqa: BLE001 - told by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert is_ready(empty_database_url)


def test_a_newer_schema_is_tolerated_and_left_alone(database_url: str) -> None:
    database = open_database(database_url)
    with database.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    schema.migrate(database_url)

    with database.begin() as conn:
        assert schema.version(conn) == "9999"
        assert schema.is_newer(conn)
        assert schema.is_ready(conn)
    database.dispose()
