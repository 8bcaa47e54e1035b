"""Stored readings: the latest one that was asked for counts, whenever it arrived."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from listener.history import Release
from listener.store import apps, releases
from listener.store.engine import Database

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FIRST = Release("r1", 1, "succeeded", "slug-1", description="Deploy", is_current=True)
SECOND = Release("r2", 2, "pending", "slug-2", description="Deploy")
APP = "app-source"


def record(database: Database, *found: Release, second: int = 0) -> bool:
    at = NOON + timedelta(seconds=second)
    with database.begin() as conn:
        return releases.record(conn, APP, found, started_at=at, read_at=at, is_complete=True)


def history(database: Database) -> dict[int, tuple[str, bool]]:
    with database.begin() as conn:
        found = releases.history(conn, APP).releases
    return {release.version: (release.status, release.is_current) for release in found}


def test_what_was_read_is_what_is_known(database: Database) -> None:
    assert record(database, FIRST, SECOND)
    with database.begin() as conn:
        found = releases.history(conn, APP)
        row = apps.get(conn, APP)
        assert releases.newest_version(conn, APP) == 2
    assert found.releases == (FIRST, SECOND)
    assert (row.read_at, row.read_started_at, row.is_complete) == (NOON, NOON, True)


def test_a_release_moves_on(database: Database) -> None:
    record(database, FIRST, SECOND)
    record(
        database,
        replace(FIRST, is_current=False),
        replace(SECOND, status="succeeded", is_current=True),
        second=1,
    )
    assert history(database) == {1: ("succeeded", False), 2: ("succeeded", True)}


def test_an_older_reading_that_arrives_late_is_dropped(database: Database) -> None:
    record(database, FIRST, replace(SECOND, status="succeeded"), second=5)
    assert not record(database, FIRST, SECOND, second=4)
    assert history(database)[2] == ("succeeded", False)


def test_what_a_shorter_reading_lacks_stays_known_but_is_current_no_more(
    database: Database,
) -> None:
    record(database, FIRST)
    record(database, replace(SECOND, status="succeeded", is_current=True), second=1)
    assert history(database) == {1: ("succeeded", False), 2: ("succeeded", True)}


def test_a_reading_of_nothing_is_stored_as_read(database: Database) -> None:
    assert record(database)
    assert history(database) == {}


def test_commit_and_stack_of_a_slug_are_kept_and_never_forgotten(database: Database) -> None:
    record(database, FIRST)
    with database.begin() as conn:
        releases.set_slug_facts(conn, APP, "slug-1", commit="c0ffee", stack="heroku-24")
        releases.set_slug_facts(conn, APP, "slug-1", commit=None, stack=None)
    record(database, replace(FIRST, description="Deploy again"), second=1)
    with database.begin() as conn:
        assert releases.slug_facts(conn, APP, "slug-1") == ("c0ffee", "heroku-24")
        assert releases.slug_facts(conn, APP, "slug-2") == (None, None)


def test_versions_are_found_by_release(database: Database) -> None:
    record(database, FIRST, SECOND)
    with database.begin() as conn:
        assert releases.versions_of(conn, ["r1", "r2", "r3"]) == {"r1": 1, "r2": 2}
