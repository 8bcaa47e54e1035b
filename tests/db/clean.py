"""One database for many tests: what was compiled and prepared for one of them serves the next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from listener.db.engine import Database, open_database
from listener.db.tables import metadata

# The names are those of our own tables.
DELETE = "; ".join(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables))  # noqa: S608
# Tests name the first promotion, rule or hold by number. ALTER … RESTART would have every
# connection plan its statements anew, which takes longer than all the rest.
COUNT_ANEW = "SELECT " + ", ".join(
    f"setval(pg_get_serial_sequence('{table.name}', '{column.name}'), 1, false)"
    for table in metadata.sorted_tables
    for column in table.c
    if column.identity is not None
)
POOL_SIZE = 6


def copy(name: str, template: str) -> sql.Composed:
    """What makes a database like another; where nothing need be durable, files copy the fastest."""
    return sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
        sql.Identifier(name), sql.Identifier(template)
    )


@contextmanager
def shared_database(server: str, template: str, name: str) -> Iterator[tuple[str, Database]]:
    """Make a copy of the template, dropped at the end of the run; yield its URL, and a pool."""
    drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(copy(name, template))
        url = server.replace("/postgres?", f"/{name}?")
        opened = open_database(url, pool_size=POOL_SIZE)
        try:
            yield url, opened
        finally:
            opened.dispose()
            connection.execute(drop)


def empty(database: Database) -> Database:
    """The database with nothing in it: far cheaper than a new one."""
    with database.begin() as conn:
        conn.exec_driver_sql(DELETE)
        conn.exec_driver_sql(COUNT_ANEW)
    return database
