"""A stage for each measure: every process anew, on a PostgreSQL that keeps what it commits."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg

from demo.stage import Stage
from listener.local_postgres import server
from listener.local_postgres.cluster import is_root, open_cluster

APPS = {"collaborators": ["ana@example.com", "robot@example.com"]}


@contextmanager
def staged(settings: Mapping[str, str] | None = None) -> Iterator[Stage]:
    """Start the emulator, a durable PostgreSQL and the listener, with somebody logged in."""
    with tempfile.TemporaryDirectory(prefix="autopromote-bench-") as folder, ExitStack() as stack:
        stage = Stage(Path(folder), stack, settings=settings, database=durable, tell=mutter)
        stage.start()
        stage.type("login")
        yield stage


@contextmanager
def durable() -> Iterator[str]:
    """Lend the URL of a new server that reaches the disk at each COMMIT; it is gone afterwards."""
    parent = "/tmp" if is_root() else None  # noqa: S108  root's own is closed to PostgreSQL's user
    with (
        tempfile.TemporaryDirectory(prefix="autopromote-bench-", dir=parent) as folder,
        server.server(Path(folder)) as url,
    ):
        try:
            yield url
        finally:
            open_cluster(Path(folder)).stop()


def mutter(text: str) -> None:
    """Say it beside the table, not in it."""
    sys.stderr.write(f"{text}\n")


def sql(stage: Stage, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Run a statement in the listener's database and return its rows."""
    with psycopg.connect(stage.database_url, autocommit=True) as conn:
        done = conn.execute(statement.encode(), values or None)
        return done.fetchall() if done.description else []


def pair(stage: Stage, name: str, *, releases: int = 1) -> tuple[str, str]:
    """Create a source and a target with some history; return their names."""
    source, target = f"{name}-staging", f"{name}-prod"
    for app in (source, target):
        stage.heroku("apps", {"name": app, **APPS})
        stage.heroku(f"apps/{app}/history", {"releases": releases})
    return source, target


def ship(stage: Stage, name: str, *options: str, releases: int = 1) -> tuple[str, str]:
    """Create a source, a target and an armed rule between them; return the apps' names."""
    source, target = pair(stage, name, releases=releases)
    stage.ask("webhooks:add", "--app", source)
    stage.ask("rules:add", name, "--from", source, "--to", target, *options)
    return source, target


def requests(stage: Stage) -> list[Any]:
    """Return what the emulated Heroku was asked, oldest first."""
    return list(httpx.get(f"{stage.heroku_url}/_emulator/requests", timeout=60).json())


def forget_requests(stage: Stage) -> None:
    """Let the emulated Heroku forget what it was asked."""
    httpx.delete(f"{stage.heroku_url}/_emulator/requests").raise_for_status()


def deliveries(stage: Stage, app: str) -> list[Any]:
    """Return the deliveries about an app, oldest first, with their payloads."""
    return list(httpx.get(f"{stage.heroku_url}/_emulator/apps/{app}/deliveries").json())


def is_at_rest(stage: Stage) -> bool:
    """Return whether every delivery is settled and every promotion has ended."""
    open_ones = (
        "SELECT 1 FROM delivery WHERE settled_at IS NULL"
        " UNION ALL SELECT 1 FROM promotion WHERE ended_at IS NULL LIMIT 1"
    )
    return not sql(stage, open_ones)
