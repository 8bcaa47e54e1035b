"""Posts: one row for each passage into posting, and what is known to be ours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from listener.core.drift import UnmarkedRequest
from listener.core.release import History, Release
from listener.db import related_promotions, release_requests
from listener.db.engine import Database
from listener.db.release_requests import PostRow
from tests.db import rows

TARGET = "app-target"


def add(database: Database, nonce: str = "0123abcd", **more: Any) -> PostRow:
    row = rows.add(database)
    values = {"kind": "promote", "artifact": "slug-1", "base_version": 7, **more}
    with database.begin() as conn:
        return release_requests.add(
            conn, promotion_id=row.id, target_id=TARGET, nonce=nonce, **values
        )


def latest(database: Database, post: PostRow) -> PostRow:
    with database.begin() as conn:
        return release_requests.latest(conn, post.promotion_id)


def release(version: int, words: str = "") -> Release:
    return Release(f"r{version}", version, "succeeded", "slug-1", description=words)


def test_a_nonce_is_issued_once(database: Database) -> None:
    add(database)
    with pytest.raises(IntegrityError):
        add(database)


def test_nonces_and_recorded_releases_are_ours(database: Database) -> None:
    first = add(database)
    add(database, "89ef0123")
    with database.begin() as conn:
        release_requests.settle(conn, first.id, "accepted", release_id="r8", release_version=8)
        shown = History([release(8, "Retry"), release(9, "Promote (autopromote 89ef0123)")])
        other = History([release(7, "Promote (autopromote 76543210)")])
        assert release_requests.issued(conn, TARGET, shown) == {"0123abcd", "89ef0123", "r8"}
        assert release_requests.issued(conn, TARGET, other) == frozenset()
        assert release_requests.issued(conn, "app-source", shown) == frozenset()


def test_the_last_post_of_a_promotion_counts(database: Database) -> None:
    first = add(database)
    with database.begin() as conn:
        second = release_requests.add(
            conn,
            promotion_id=first.promotion_id,
            target_id=TARGET,
            nonce="89ef0123",
            kind="promote",
            artifact="slug-1",
            base_version=9,
        )
    assert latest(database, first) == second


def test_a_second_sending_is_counted_and_one_that_never_left_is_not(database: Database) -> None:
    post = add(database)
    with database.begin() as conn:
        again = release_requests.send_again(conn, post.id)
    assert (again.sends, again.nonce) == (2, post.nonce)
    assert again.sent_at > post.sent_at
    with database.begin() as conn:
        release_requests.mark_unsent(conn, post.id)
    assert (latest(database, post).sends, latest(database, post).sent_at) == (1, again.sent_at)


def test_a_doubt_begins_when_the_connection_ended(database: Database) -> None:
    post = add(database)
    with database.begin() as conn:
        release_requests.mark_unknown(conn, post.id)
    assert latest(database, post).sent_at > post.sent_at


def test_a_post_is_under_way_until_somebody_knows_what_came_of_it(database: Database) -> None:
    post = add(database)
    with database.begin() as conn:
        assert release_requests.open_or_given_up(conn, TARGET) == (post, [])
        assert release_requests.open_or_given_up(conn, "app-source") == (None, [])
        release_requests.settle(conn, post.id, "no_trace")
        assert release_requests.open_or_given_up(conn, TARGET) == (None, [])


def test_a_release_is_found_to_be_of_a_post_by_nonce_or_record(database: Database) -> None:
    post = add(database)
    with database.begin() as conn:
        assert (
            release_requests.of_release(conn, TARGET, release(8, "Promote (autopromote 0123abcd)"))
            == post
        )
        assert release_requests.of_release(conn, TARGET, release(8)) is None
        assert (
            release_requests.of_release(conn, TARGET, release(8, "x (autopromote 89ef0123)"))
            is None
        )
        release_requests.settle(conn, post.id, "accepted", release_id="r8", release_version=8)
        found = release_requests.of_release(conn, TARGET, release(8))
        assert found is not None
        assert (found.id, found.release_version) == (post.id, 8)
        assert release_requests.of_release(conn, "app-source", release(8)) is None


# Posts whose release bears no nonce.

PIPELINE = {"strategy": "pipeline", "account_id": "robot"}


def by(author_id: str | None, version: int = 8, words: str = "Promote", **more: Any) -> Release:
    made = replace(release(version, words), author_id=author_id)
    return replace(made, **more)


def test_a_post_without_a_nonce_is_not_written_without_our_account(database: Database) -> None:
    with pytest.raises(IntegrityError, match="ck_post_is_recognisable"):
        add(database, strategy="pipeline")
    assert add(database, **PIPELINE).unnamed == UnmarkedRequest("slug-1", 7, "robot")
    assert add(database, "89ef0123").unnamed is None


def test_what_heroku_made_of_a_post_is_kept_while_its_release_is_unknown(
    database: Database,
) -> None:
    post = add(database, **PIPELINE)
    with database.begin() as conn:
        release_requests.promised(conn, post.id, "promotion-1")
        found, _ = release_requests.open_or_given_up(conn, TARGET)
    assert found is not None
    assert found == latest(database, post)
    assert found.heroku_promotion_id == "promotion-1"


@pytest.mark.parametrize(
    ("outcome", "sends", "is_given_up"),
    [
        (None, 1, False),
        ("accepted", 1, False),
        ("not_sent", 1, False),
        ("refused", 1, False),
        ("refused", 2, True),
        ("no_trace", 1, True),
        ("unknown", 2, True),
        ("late", 1, False),
    ],
)
def test_a_post_is_given_up_that_may_have_made_a_release_nobody_found(
    database: Database, outcome: str | None, sends: int, is_given_up: bool
) -> None:
    post = add(database, sends=sends, **PIPELINE)
    named = add(database, "89ef0123")
    with database.begin() as conn:
        release_requests.settle(conn, named.id, "no_trace")
        if outcome is not None:
            release_requests.settle(conn, post.id, outcome)
        _, found = release_requests.open_or_given_up(conn, TARGET)
    assert [row.id for row in found] == ([post.id] if is_given_up else [])


@pytest.mark.parametrize(
    ("made", "outcome", "is_ours"),
    [
        (by("robot"), None, True),
        (by("robot"), "no_trace", True),
        (by("robot"), "refused", False),
        (by("ana"), None, False),
        (by(None), None, False),
        (by("robot", 7), None, False),
        (by("robot", artifact="slug-2"), None, False),
        (by("robot", words="x (autopromote 89ef0123)"), None, False),
        (by("robot", words="x (autopromote 0123abcd)"), None, True),
    ],
)
def test_our_promotion_is_known_upstream_though_its_release_bears_no_nonce(
    database: Database, made: Release, outcome: str | None, is_ours: bool
) -> None:
    post = add(database, **PIPELINE)
    with database.begin() as conn:
        if outcome is not None:
            release_requests.settle(conn, post.id, outcome)
        found = related_promotions.upstream(conn, TARGET, made)
    assert (found is not None and found.id == post.promotion_id) is is_ours


def test_a_slug_post_is_no_release_of_nobody(database: Database) -> None:
    """Neither has an account: that is no likeness."""
    add(database)
    with database.begin() as conn:
        assert related_promotions.upstream(conn, TARGET, by(None)) is None
