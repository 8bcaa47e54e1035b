"""Posts: one row for each passage into posting, and what is known to be ours."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from listener.history import Release
from listener.store import posts
from listener.store.engine import Database
from listener.store.posts import PostRow
from tests.store import rows

TARGET = "app-target"


def add(database: Database, nonce: str = "0123abcd", **more: Any) -> PostRow:
    row = rows.add(database)
    values = {"kind": "promote", "artifact": "slug-1", "base_version": 7, **more}
    with database.begin() as conn:
        return posts.add(conn, promotion_id=row.id, target_id=TARGET, nonce=nonce, **values)


def latest(database: Database, post: PostRow) -> PostRow:
    with database.begin() as conn:
        return posts.latest(conn, post.promotion_id)


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
        posts.settle(conn, first.id, "accepted", release_id="r8", release_version=8)
        assert posts.issued(conn, TARGET) == {"0123abcd", "89ef0123", "r8"}
        assert posts.issued(conn, "app-source") == frozenset()


def test_the_last_post_of_a_promotion_counts(database: Database) -> None:
    first = add(database)
    with database.begin() as conn:
        second = posts.add(
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
        again = posts.send_again(conn, post.id)
    assert (again.sends, again.nonce) == (2, post.nonce)
    assert again.sent_at > post.sent_at
    with database.begin() as conn:
        posts.unsend(conn, post.id)
    assert (latest(database, post).sends, latest(database, post).sent_at) == (1, again.sent_at)


def test_a_doubt_begins_when_the_connection_ended(database: Database) -> None:
    post = add(database)
    with database.begin() as conn:
        posts.doubt(conn, post.id)
    assert latest(database, post).sent_at > post.sent_at


def test_a_post_is_under_way_until_somebody_knows_what_came_of_it(database: Database) -> None:
    post = add(database)
    with database.begin() as conn:
        assert posts.under_way(conn, TARGET) == post
        assert posts.under_way(conn, "app-source") is None
        posts.settle(conn, post.id, "no_trace")
        assert posts.under_way(conn, TARGET) is None


def test_a_release_is_found_to_be_of_a_post_by_nonce_or_record(database: Database) -> None:
    post = add(database)
    with database.begin() as conn:
        assert posts.of_release(conn, TARGET, release(8, "Promote (autopromote 0123abcd)")) == post
        assert posts.of_release(conn, TARGET, release(8)) is None
        assert posts.of_release(conn, TARGET, release(8, "x (autopromote 89ef0123)")) is None
        posts.settle(conn, post.id, "accepted", release_id="r8", release_version=8)
        found = posts.of_release(conn, TARGET, release(8))
        assert found is not None
        assert (found.id, found.release_version) == (post.id, 8)
        assert posts.of_release(conn, "app-source", release(8)) is None
