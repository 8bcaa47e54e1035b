"""Stored readings: the latest one that was asked for counts, whenever it arrived."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from listener.core.drift import LastKnown
from listener.core.release import Release
from listener.db import apps, releases, snapshots
from listener.db.apps import AppRow
from listener.db.engine import Database
from listener.db.snapshots import Asked, Behind, Older, ReadReleases, Used
from tests.db.rows import run

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FIRST = Release("r1", 1, "succeeded", "slug-1", description="Deploy", is_current=True)
SECOND = Release("r2", 2, "pending", "slug-2", description="Deploy")
APP = "app-source"


def record(
    database: Database, *found: Release, second: int = 0, as_it_is: bool = False
) -> Used | Older | Behind:
    """An answer to what was asked so long after noon; its number is the second."""
    at = NOON + timedelta(seconds=second)
    with database.begin() as conn:
        row = apps.lock(conn, [APP])[APP]
        answer = ReadReleases(Asked(second, at), at, found)
        return snapshots.record(conn, row, answer, as_it_is=as_it_is)


def history(database: Database) -> dict[int, tuple[str, bool]]:
    with database.begin() as conn:
        found = releases.history(conn, APP).releases
    return {release.version: (release.status, release.is_current) for release in found}


def test_what_was_read_is_what_is_known(database: Database) -> None:
    assert record(database, FIRST, SECOND) == Used()
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
    assert record(database, FIRST, SECOND, second=4) == Older()
    assert history(database)[2] == ("succeeded", False)


def test_what_a_shorter_reading_lacks_stays_known_but_is_current_no_more(
    database: Database,
) -> None:
    record(database, FIRST)
    record(database, replace(SECOND, status="succeeded", is_current=True), second=1)
    assert history(database) == {1: ("succeeded", False), 2: ("succeeded", True)}


def test_a_reading_of_nothing_is_stored_as_read(database: Database) -> None:
    assert record(database) == Used()
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


# What an answer shows that was never stored is stored, whatever else it is worth.

THIRD = Release("r3", 3, "succeeded", "slug-3", description="Deploy", is_current=True)
RAN = replace(SECOND, status="succeeded", is_current=True)
BEFORE = replace(FIRST, is_current=False)


def row(database: Database) -> AppRow:
    with database.begin() as conn:
        return apps.get(conn, APP)


def test_an_older_answer_adds_what_was_never_stored_and_changes_nothing_else(
    database: Database,
) -> None:
    record(database, BEFORE, RAN, second=5)
    older = replace(FIRST, status="pending"), THIRD
    assert record(database, *older, second=4) == Older()

    assert history(database) == {
        1: ("succeeded", False),
        2: ("succeeded", True),
        3: ("succeeded", True),
    }
    assert (row(database).read_number, row(database).read_newest) == (5, 2)


def test_an_answer_from_before_our_own_release_is_older(database: Database) -> None:
    record(database, FIRST)
    with database.begin() as conn:
        apps.set_known(conn, APP, LastKnown(2, "slug-2"))
    assert record(database, FIRST, second=1) == Older()


def test_an_answer_that_is_behind_is_not_used_and_says_since_when(database: Database) -> None:
    record(database, BEFORE, RAN)
    first = record(database, FIRST, second=1)
    assert isinstance(first, Behind)
    assert first.why == "shows nothing newer than v1, and showed v2"
    assert record(database, FIRST, second=2) == first
    assert history(database) == {1: ("succeeded", False), 2: ("succeeded", True)}
    assert (row(database).behind, row(database).behind_since) == (first.why, first.since)

    assert record(database, BEFORE, RAN, second=3) == Used()
    assert (row(database).behind, row(database).behind_since) == (None, None)


# A release that is gone at Heroku.


def lacking(database: Database, *seconds: int) -> list[bool]:
    """Answers that lack v2; whether each was used."""
    shown = BEFORE, THIRD
    return [record(database, *shown, second=second) == Used() for second in seconds]


def age(database: Database, minutes: int) -> None:
    run(
        database,
        f"UPDATE release SET missing_since = missing_since - interval '{minutes} minutes'",  # noqa: S608
    )


def test_what_three_answers_over_ten_minutes_lack_counts_no_more(database: Database) -> None:
    record(database, BEFORE, replace(RAN, is_current=False), THIRD)
    assert lacking(database, 1, 2, 3, 4) == [False] * 4
    age(database, 10)
    assert lacking(database, 5, 6) == [True, True]
    assert set(history(database)) == {1, 3}

    assert record(database, BEFORE, replace(RAN, is_current=False), THIRD, second=7) == Used()
    assert set(history(database)) == {1, 2, 3}


def test_an_answer_that_shows_it_begins_the_count_anew(database: Database) -> None:
    whole = BEFORE, replace(RAN, is_current=False), THIRD
    record(database, *whole)
    assert lacking(database, 1, 2) == [False, False]
    age(database, 10)
    assert record(database, *whole, second=3) == Used()
    assert lacking(database, 4, 5) == [False, False]


def test_an_answer_that_is_short_counts_for_no_gap(database: Database) -> None:
    record(database, BEFORE, replace(RAN, is_current=False), THIRD)
    for second in (1, 2, 3):
        assert isinstance(record(database, FIRST, second=second), Behind)
    age(database, 10)
    assert lacking(database, 4) == [False]


# A list that stays behind: after a day a person may say that it is right.

RESTORED = Release("other", 2, "succeeded", "slug-9", is_current=True)


def test_a_list_is_taken_as_it_is_only_after_a_day(database: Database) -> None:
    record(database, BEFORE, replace(RAN, is_current=False), THIRD)
    with database.begin() as conn:
        apps.set_known(conn, APP, LastKnown(3, "slug-3"))
        releases.set_slug_facts(conn, APP, "slug-2", commit="c0ffee", stack=None)
    run(database, "UPDATE app SET known_at = '2026-03-01'")
    assert isinstance(record(database, BEFORE, RESTORED, second=1, as_it_is=True), Behind)
    run(database, "UPDATE app SET behind_since = behind_since - interval '1 day'")
    assert isinstance(record(database, BEFORE, RESTORED, second=2), Behind)

    assert record(database, BEFORE, RESTORED, second=3, as_it_is=True) == Used()
    assert history(database) == {1: ("succeeded", False), 2: ("succeeded", True)}
    assert row(database).known == LastKnown(2, "slug-3")  # so that what runs is still asked about
    with database.begin() as conn:
        assert releases.newest_version(conn, APP) == 2
        assert releases.slug_facts(conn, APP, "slug-9") == (None, None)
    assert record(database, BEFORE, RESTORED, second=4) == Used()


# How far back the next list must tell.

NEWEST = 80


def asked(database: Database) -> Asked:
    with database.begin() as conn:
        return snapshots.ask(conn, [APP])[APP]


def many(database: Database) -> None:
    """As many releases as the newest one's version says; the last one runs."""
    found = [replace(BEFORE, id=f"r{n}", version=n) for n in range(1, NEWEST)]
    record(database, *found, replace(THIRD, id="newest", version=NEWEST))


def test_of_what_ended_and_is_there_nothing_new_is_told(database: Database) -> None:
    many(database)
    assert (asked(database).known_to, asked(database).open_since) == (NEWEST, None)


@pytest.mark.parametrize("change", ["status = 'pending'", "times_missing = 1"])
@pytest.mark.parametrize(("version", "open_since"), [(26, 26), (80, 80), (25, None)])
def test_what_has_not_ended_or_is_missing_is_read_again_while_it_is_near(
    database: Database, change: str, version: int, open_since: int | None
) -> None:
    many(database)
    run(database, f"UPDATE release SET {change} WHERE version = {version}")  # noqa: S608
    assert asked(database).open_since == open_since


@pytest.mark.parametrize("change", ["SET gone_at = now()", "SET app_id = 'app-target'"])
def test_where_a_version_lacks_it_is_looked_for_while_it_is_near(
    database: Database, change: str
) -> None:
    many(database)
    run(database, f"UPDATE release {change} WHERE version = 79")
    assert asked(database).open_since == NEWEST - snapshots.WATCHED
    run(database, f"UPDATE release {change} WHERE version = 20")
    assert asked(database).open_since == NEWEST - snapshots.WATCHED


def test_an_app_that_was_never_read_is_read_back_to_nothing_known(database: Database) -> None:
    assert (asked(database).known_to, asked(database).open_since) == (0, None)


def test_how_far_back_a_list_went_counts_for_that_list_alone(database: Database) -> None:
    """Older code stores the next one without it."""
    record(database, RAN, THIRD)
    assert row(database).read_oldest == 2
    run(database, "UPDATE app SET read_number = read_number + 1")
    assert row(database).read_oldest is None
