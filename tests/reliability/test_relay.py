"""COMMITs that get lost between a program and its database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from reliability.relay import DatabaseRelay


@pytest.fixture
def relay(database_url: str) -> Iterator[DatabaseRelay]:
    """A relay before this test's own database, and a table in it."""
    server = Path(parse_qs(urlsplit(database_url).query)["host"][0]) / ".s.PGSQL.5432"
    with TemporaryDirectory(prefix="autopromote-", dir="/tmp") as folder:
        made = DatabaseRelay(Path(folder), server)
        made.url = made.url.replace("/postgres?", f"{urlsplit(database_url).path}?")
        with psycopg.connect(made.url) as conn:
            conn.execute("CREATE TABLE told (word text)")
        yield made
        made.close()


def _tell(relay: DatabaseRelay, word: str, times: int = 1) -> None:
    with psycopg.connect(relay.url) as conn:
        for _ in range(times):
            conn.execute("INSERT INTO told VALUES (%s)", [word], prepare=True)


def _told(database_url: str) -> list[str]:
    with psycopg.connect(database_url) as conn:
        return [row[0] for row in conn.execute("SELECT word FROM told ORDER BY word")]


def test_what_is_said_arrives(relay: DatabaseRelay, database_url: str) -> None:
    _tell(relay, "a", times=3)

    assert _told(database_url) == ["a"] * 3


def test_a_commit_whose_answer_is_lost_was_carried_out(
    relay: DatabaseRelay, database_url: str
) -> None:
    relay.commits.to_lose = 1

    with pytest.raises(psycopg.OperationalError):
        _tell(relay, "a")
    _tell(relay, "b")

    assert _told(database_url) == ["a", "b"]
    assert (relay.commits.lost, relay.commits.dropped) == (1, 0)


def test_a_commit_that_is_dropped_was_not(relay: DatabaseRelay, database_url: str) -> None:
    relay.commits.to_drop = 1

    with pytest.raises(psycopg.OperationalError):
        _tell(relay, "a", times=2)
    _tell(relay, "b")

    assert _told(database_url) == ["b"]


def test_a_commit_of_what_only_read_is_let_through(relay: DatabaseRelay) -> None:
    relay.commits.to_drop = 1

    with psycopg.connect(relay.url) as conn:
        conn.execute("SELECT 1")

    assert relay.commits.dropped == 0
