"""Lets time pass in a moment: what has happened is moved into the past, everywhere at once.

That is for the demo alone: it writes into the database of its own listener. What people did and
what the listener decided stays as it was; only when changes, and at Heroku and GitHub alike.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import psycopg
from psycopg import sql

from demo.stage import Stage, wait_for

# Who is logged in, and who is at work now: for them no time passes.
KEPT = ("access_token", "alembic_version", "chore", "own_address", "runner", "ticket")
# When somebody wants a freeze: it comes no nearer, and is told as it was.
PLANNED = ("hold.starts_at", "hold.ends_at", "audit_entry.before", "audit_entry.after")
MOVING = ("posting", "releasing", "rolling_back")
WAKE_ALL = "NOTIFY autopromote, '*'"
_MOMENT = re.compile(r'(?<=")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^"\s]*(?=")')


class Passing:
    """Moves the demo's past; `connection` is to the listener's database."""

    def __init__(self, stage: Stage, connection: psycopg.Connection) -> None:
        self._stage = stage
        self._connection = connection
        self._times, self._values, self._leased, self._due = _columns(connection)

    def settle(self) -> None:
        """Wait until nobody has anything to do now. Raises DemoFailed."""
        wait_for(lambda: self._stage.heroku("flush", {})["idle"], "Heroku's deliveries")
        wait_for(lambda: not self._is_busy(), "what the listener has to do")

    def let(self, **by: float) -> None:
        """Let time pass: hours, minutes or seconds, when nobody is at work. Raises DemoFailed."""
        length = timedelta(**by)
        self.settle()
        wait_for(lambda: self._moved(length), "a moment at which nobody is at work")
        self.settle()

    def look_around(self) -> None:
        """Have the listener compare what it knows with Heroku now, as every few minutes."""
        self._connection.execute("UPDATE chore SET due_at = now() WHERE name = 'reconcile'")
        self._connection.execute(WAKE_ALL)
        wait_for(lambda: self._was_reconciled() and not self._is_busy(), "a comparison")

    def _was_reconciled(self) -> bool:
        query = "SELECT FROM chore WHERE name = 'reconcile' AND due_at > now()"
        return self._connection.execute(query).fetchone() is not None

    def _moved(self, by: timedelta) -> bool:
        tables = sql.SQL(", ").join(map(sql.Identifier, {**self._times, **self._values}))
        try:
            with self._connection.transaction():
                lock = sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE")
                self._connection.execute(lock.format(tables))
                if self._is_busy():
                    return False
                for table, names in self._times.items():
                    self._move_times(table, names, by)
                for table, names in self._values.items():
                    self._move_values(table, names, by)
                self._connection.execute(WAKE_ALL)
                self._stage.heroku("age", {"seconds": by.total_seconds()})
        except psycopg.errors.DeadlockDetected:
            return False
        return True

    def _move_times(self, table: str, names: list[str], by: timedelta) -> None:
        moved = (sql.SQL("{0} = {0} - {1}").format(sql.Identifier(name), by) for name in names)
        statement = sql.SQL("UPDATE {} SET {}").format(
            sql.Identifier(table), sql.SQL(", ").join(moved)
        )
        self._connection.execute(statement)

    def _move_values(self, table: str, names: list[str], by: timedelta) -> None:
        """Move the times that stand in JSON: of commits, and of the facts that gates saw."""
        texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(n)) for n in names)
        query = sql.SQL("SELECT ctid, {} FROM {}").format(texts, sql.Identifier(table))
        given = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(n)) for n in names)
        change = sql.SQL("UPDATE {} SET {} WHERE ctid = %s").format(sql.Identifier(table), given)
        changes = []
        for place, *values in self._connection.execute(query).fetchall():
            moved = [
                text and _MOMENT.sub(lambda found: _earlier(found[0], by), text) for text in values
            ]
            if moved != values:
                changes.append((*moved, place))
        if changes:
            with self._connection.cursor() as cursor:
                cursor.executemany(change, changes)

    def _is_busy(self) -> bool:
        """Return whether anything is due, or somebody is at work."""
        queries = (
            *(f"{table} WHERE lease_until > now()" for table in self._leased),
            *(f"{table} WHERE due_at <= now()" for table in self._due),
            "app WHERE look_at <= now()",
            "delivery WHERE settled_at IS NULL",
            f"promotion WHERE status IN {MOVING}",
        )
        asked = " OR ".join(f"EXISTS (SELECT FROM {query})" for query in queries)
        row = self._connection.execute(f"SELECT {asked}".encode()).fetchone()
        return row is None or bool(row[0])


@contextmanager
def passing(stage: Stage) -> Iterator[Passing]:
    """Let time pass inside the block."""
    with psycopg.connect(stage.database_url, autocommit=True) as connection:
        yield Passing(stage, connection)


def _columns(
    connection: psycopg.Connection,
) -> tuple[dict[str, list[str]], dict[str, list[str]], list[str], list[str]]:
    """Return the times and the JSON of each table; which have leases, and which a due time."""
    query = """
    SELECT table_name, column_name, udt_name FROM information_schema.columns
    WHERE table_schema = current_schema() AND udt_name IN ('timestamptz', 'jsonb')
    AND is_generated = 'NEVER' AND table_name <> ALL(%s)
    AND concat(table_name, '.', column_name) <> ALL(%s) ORDER BY table_name, ordinal_position
    """
    times, values = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for table, name, kind in connection.execute(query, [list(KEPT), list(PLANNED)]).fetchall():
        (times if kind == "timestamptz" else values)[table].append(name)
    leased = [table for table, names in times.items() if "lease_until" in names]
    due = [t for t, names in times.items() if "due_at" in names and t != "delivery"]
    return dict(times), dict(values), leased, due


def _earlier(text: str, by: timedelta) -> str:
    """Return a time of JSON so much earlier, in the same form; another text as it is."""
    try:
        moved = (datetime.fromisoformat(text) - by).isoformat()
    except ValueError:
        return text
    return moved.replace("+00:00", "Z") if text.endswith("Z") else moved
